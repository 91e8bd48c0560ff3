namespace Krait.Cli;

/// <summary>What the process tells its caller.</summary>
public static class ExitCode
{
    public const int Success = 0;

    /// <summary>Something that no rule below covers: a fault of the program, or of the machine (a full disk).</summary>
    public const int Unexpected = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>The configuration, the data, the weights or a picture is wrong.</summary>
    public const int BadInput = 3;

    /// <summary>An optional library is needed and missing.</summary>
    public const int MissingDependency = 4;

    /// <summary>The work does not fit into memory, or not into <c>--memory-limit</c>.</summary>
    public const int OutOfMemory = 5;

    /// <summary>NaN or infinity where numbers are needed.</summary>
    public const int Numeric = 6;

    /// <summary>A demanded score was not reached.</summary>
    public const int Gate = 7;

    /// <summary>Ctrl-C, after writing what can be resumed.</summary>
    public const int Interrupted = 130;

    /// <summary>SIGTERM, after writing what can be resumed.</summary>
    public const int Terminated = 143;
}
