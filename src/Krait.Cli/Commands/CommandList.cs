using System.CommandLine;
using Krait.Cli.Terminals;

namespace Krait.Cli.Commands;

/// <summary>Every command in the order of the help.</summary>
public static class CommandList
{
    public static IEnumerable<Command> Create(Terminal terminal) =>
    [
        DemoCommand.Create(terminal),
        TrainCommand.Create(terminal),
        EvaluateCommand.Create(terminal),
        PredictCommand.Create(terminal),
        InspectCommand.Create(terminal),
        ConvertCommand.Create(terminal),
        ExportCommand.Create(terminal),
        DataCommand.Create(terminal),
        ModelsCommand.Create(terminal),
        BenchCommand.Create(terminal),
        DoctorCommand.Create(terminal),
    ];
}
