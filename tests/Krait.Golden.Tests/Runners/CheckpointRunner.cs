using System.Text.Json;
using Krait.Golden.Tests.Harness;
using Krait.Weights.Tests;
using Xunit.Sdk;

namespace Krait.Golden.Tests.Runners;

/// <summary>Files of other programs: tensors bit for bit, or one clear refusal; names where the maps say.</summary>
internal static class CheckpointRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
        {
            string? failure = Failure(context.Case.Folder, item);
            context.Comparison.Require(failure is null, $"{item.Text("name")}: {failure}");
        }
    }

    static string? Failure(string folder, JsonElement item)
    {
        try
        {
            if (item.Text("kind") == "checkpoint.load")
                CheckpointLoadCheck.Run(folder, item);
            else
                KeyMappingCheck.Run(folder, item);
            return null;
        }
        catch (XunitException e)
        {
            return e.Message;
        }
    }
}
