using System.ComponentModel;
using System.Diagnostics;

namespace Krait.Cli.Tests;

/// <summary>A test against ONNX Runtime; skipped, with a line that says so,
/// where bench/peers has not fetched it.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class OnnxRuntimeTheoryAttribute : TheoryAttribute
{
    public OnnxRuntimeTheoryAttribute()
    {
        if (!Directory.Exists(Repository.PathOf("bench", "peers", "node_modules", "onnxruntime-node")))
            Skip = "onnxruntime-node is not there: npm ci --ignore-scripts in bench/peers brings it.";
        else if (!HasNode())
            Skip = "node is not there: nothing to run ONNX Runtime with.";
    }

    static bool HasNode()
    {
        try
        {
            using Process? node = Process.Start(new ProcessStartInfo("node", "--version")
            { RedirectStandardOutput = true });
            node!.WaitForExit();
            return node.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
