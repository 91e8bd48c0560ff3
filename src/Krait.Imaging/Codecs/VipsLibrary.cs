using System.Runtime.InteropServices;

namespace Krait.Imaging.Codecs;

/// <summary>Finds and starts libvips, once per process.</summary>
/// <remarks>Order: the file or folder named by KRAIT_LIBVIPS (then nothing else is tried); the binary beside the
/// program, <c>runtimes/RID/native/</c>; the system's library.</remarks>
internal static unsafe class VipsLibrary
{
    public const string Variable = "KRAIT_LIBVIPS";

    private static readonly Lazy<State> Loaded = new(Start);

    /// <summary>Where it was found, null where it was not.</summary>
    public static string? Path => Loaded.Value.Path;

    /// <summary>Its version as "8.18.7", null where it was not found.</summary>
    public static string? Version => Loaded.Value.Version;

    /// <summary>Where to look, in this order; pure, so that tests can ask it.</summary>
    public static IReadOnlyList<string> Candidates(string? fromVariable, string baseDirectory, string rid)
    {
        string[] names = OperatingSystem.IsWindows() ? ["libvips-42.dll"]
            : OperatingSystem.IsMacOS() ? ["libvips-cpp.dylib", "libvips.42.dylib"]
            : ["libvips-cpp.so", "libvips.so.42"];
        if (!string.IsNullOrEmpty(fromVariable))
        {
            return Directory.Exists(fromVariable)
                ? [.. names.Select(n => System.IO.Path.Combine(fromVariable, n))]
                : [fromVariable];
        }

        string local = System.IO.Path.Combine(baseDirectory, "runtimes", rid, "native");
        return
        [
            .. names.Select(n => System.IO.Path.Combine(local, n)),
            .. names.Select(n => System.IO.Path.Combine(baseDirectory, n)),
            names[^1],
        ];
    }

    /// <summary>The one message for a missing library; it names the fixes.</summary>
    public static string MissingMessage(string name, ImageFormat format, string? fromVariable)
    {
        string why = string.IsNullOrEmpty(fromVariable)
            ? "it is neither beside the program nor installed"
            : $"{Variable} names '{fromVariable}', which cannot be loaded";
        return $"{name}: {format.ToString().ToUpperInvariant()} is read through libvips; {why}. "
            + "Build again where npm and a network are at hand (the build brings it), or install it (Debian, Ubuntu: "
            + $"apt install libvips42; macOS: brew install vips), or set {Variable} to its file, or convert to PNG.";
    }

    /// <exception cref="ImageFormatException">If it was not found (MissingDependency).</exception>
    public static void Require(string name, ImageFormat format)
    {
        if (Path is null)
        {
            string message = MissingMessage(name, format, Environment.GetEnvironmentVariable(Variable));
            throw new ImageFormatException(message) { MissingDependency = true };
        }
    }

    private static State Start()
    {
        string? variable = Environment.GetEnvironmentVariable(Variable);
        foreach (string path in Candidates(variable, AppContext.BaseDirectory, RuntimeInformation.RuntimeIdentifier))
        {
            // The newest function that is used; a library without it is too old (before 8.13).
            if (NativeLibrary.TryLoad(path, out nint handle)
                && NativeLibrary.TryGetExport(handle, "vips_block_untrusted_set", out _))
            {
                NativeLibrary.SetDllImportResolver(
                    typeof(VipsLibrary).Assembly, (wanted, _, _) => wanted == Vips.Library ? handle : 0);
                return Initialise(path);
            }
        }

        return new State(null, null);
    }

    private static State Initialise(string path)
    {
        if (Vips.Init("krait") != 0)
        {
            return new State(null, null);
        }

        // Parallel over pictures, not inside one; no picture is kept; only fuzzed loaders run; nothing on stderr.
        Vips.ConcurrencySet(1);
        Vips.CacheSetMax(0);
        Vips.BlockUntrustedSet(1);
        Vips.LogSetDefaultHandler(&Quiet, 0);
        return new State(path, $"{Vips.Version(0)}.{Vips.Version(1)}.{Vips.Version(2)}");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void Quiet(nint domain, int level, nint message, nint data)
    {
    }

    private sealed record State(string? Path, string? Version);
}
