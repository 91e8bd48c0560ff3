namespace Krait.Golden.Tests.Harness;

/// <summary>The order of axes that case.json names, against the engine's: channels last.</summary>
internal static class Layout
{
    /// <summary>Engine axis i is file axis result[i]; null where both are the same.</summary>
    public static int[]? ToEngine(string layout) => layout switch
    {
        "NCHW" => [0, 2, 3, 1],
        "NCDHW" => [0, 2, 3, 4, 1],
        "BDL" or "other:(B,N,L)" => [0, 2, 1],
        "BKNL" or "BKDL" => [0, 3, 1, 2],
        "NHWC" or "NDHWC" or "BLD" or "vector" => null,
        _ when layout.StartsWith("other:", StringComparison.Ordinal) => null,
        _ => throw new InvalidOperationException($"layouts: '{layout}' is none that the README of the cases names."),
    };

    /// <summary>File axis i is engine axis result[i].</summary>
    public static int[]? ToFile(string layout)
    {
        int[]? axes = ToEngine(layout);
        return axes is null ? null : [.. Enumerable.Range(0, axes.Length).Select(i => Array.IndexOf(axes, i))];
    }
}
