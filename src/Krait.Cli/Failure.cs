using Krait.Engine;
using Krait.Imaging;
using Krait.Onnx;
using Krait.Training.Config;
using Krait.Training.Execution;
using Krait.Weights;

namespace Krait.Cli;

/// <summary>How a failed command ends: one message and one exit code for each family of exceptions.</summary>
/// <param name="Code">See <see cref="ExitCode"/>.</param>
/// <param name="Message">What happened and what to do; never a stack trace.</param>
public readonly record struct Failure(int Code, string Message)
{
    /// <summary>With this variable set, unexpected failures show where they happened.</summary>
    public const string DebugVariable = "KRAIT_DEBUG";

    public static Failure Of(Exception exception) => exception switch
    {
        UsageException e => new(ExitCode.Usage, e.Message),
        ImageFormatException { MissingDependency: true } e => new(ExitCode.MissingDependency, e.Message),
        _ when IsFullDisk(exception) || IsFullDisk(exception.InnerException) =>
            new(ExitCode.Unexpected, exception.Message),
        ConfigException or WeightsException or ImageFormatException or ShapeException or ExportException =>
            new(ExitCode.BadInput, exception.Message),
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException =>
            new(ExitCode.BadInput, exception.Message),
        DllNotFoundException e => new(ExitCode.MissingDependency, e.Message + " See krait doctor."),
        MemoryLimitException e => new(ExitCode.OutOfMemory, e.Message),
        InvalidDataException e => new(ExitCode.BadInput, e.Message),
        OutOfMemoryException e => new(ExitCode.OutOfMemory, e.Message + Remedy),
        NumericException e => new(ExitCode.Numeric, e.Message),
        GateException e => new(ExitCode.Gate, e.Message),
        IOException e => new(ExitCode.Unexpected, e.Message + " Earlier files are whole."),
        AggregateException { InnerExceptions: [var inner] } => Of(inner),
        TypeInitializationException { InnerException: { } inner } => Of(inner),
        _ => new(ExitCode.Unexpected, Unexpected(exception)),
    };

    /// <summary>No space left: ENOSPC of Unix, ERROR_DISK_FULL of Windows.</summary>
    static bool IsFullDisk(Exception? e) => e is IOException && (e.HResult & 0xFFFF) is 28 or 112;

    const string Remedy = " Use a smaller --batch or --size, or --memory-limit to recompute instead of keeping.";

    static string Unexpected(Exception e) =>
        Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 }
            ? $"unexpected {e}"
            : $"unexpected {e.GetType().Name}: {e.Message} "
                + $"This is a fault of Krait; set {DebugVariable}=1 to see where.";
}
