using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Models;

namespace Krait.Cli.Commands;

/// <summary>Lists the models.</summary>
static class ModelsCommand
{
    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("models", "List the models with their papers and default options.")
        {
            Examples = ["krait models", "krait models --json"],
        };
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        if (context.IsJson)
        {
            context.WriteJson(new JsonArray([.. ModelRegistry.All.Select(m => (JsonNode)new JsonObject
            {
                ["id"] = m.Id,
                ["title"] = m.Title,
                ["paper"] = m.Paper,
                ["summary"] = m.Summary,
                ["options"] = m.Defaults(),
            })]));
            return ExitCode.Success;
        }
        foreach (ModelInfo model in ModelRegistry.All)
        {
            context.Write($"{model.Id}: {model.Title}, {model.Summary}");
            context.Write($"  {model.Paper}");
            context.Write($"  options: {model.Defaults().ToJsonString()}");
        }
        return ExitCode.Success;
    }
}
