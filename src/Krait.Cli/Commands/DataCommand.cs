using System.CommandLine;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Cli.Commands;

/// <summary>Work on data folders.</summary>
static class DataCommand
{
    static readonly Argument<string> Folder = new("folder")
    {
        Description = "Data folder: {train,val,test}/{images,masks}, or images and masks.",
    };

    static readonly Option<string?> Sheet = new("--sheet")
    {
        Description = "Where to write the contact sheet [NAME-contact-sheet.png here].",
        HelpName = "file.png",
    };

    public static Command Create(Terminal terminal)
    {
        var data = new KraitCommand("data", "Look at data folders.")
        {
            Examples = ["krait data verify kvasir-seg"],
        };
        var verify = new KraitCommand("verify",
            "List missing partners, sizes that differ, unreadable or odd files and duplicates across the parts.")
        {
            Folder,
            Sheet,
            ImageOptions.MaxPixels,
        };
        verify.Examples = ["krait data verify kvasir-seg", "krait data verify wbc --json --sheet wbc.png"];
        verify.Does(terminal, Verify);
        data.Add(verify);
        return data;
    }

    static int Verify(CommandContext context)
    {
        ImageReadOptions read = ImageOptions.Read(context);
        Dataset data = Dataset.Open(context.Get(Folder)!, read);
        var verifier = new DatasetVerifier(data, read);
        DatasetReport report;
        using (ProgressLine progress = context.Progress($"verify {data.Name}", "pairs"))
        {
            int total = data.Parts.Sum(p => p.Samples.Count);
            report = verifier.Verify(new Reporter<int>(done => progress.Report(done, total)), context.Stop);
        }
        string? sheet = WriteSheet(context, data, verifier);
        if (context.IsJson)
        {
            JsonNode json = JsonNode.Parse(report.ToJson())!;
            json["contact_sheet"] = sheet;
            context.WriteJson(json);
        }
        else
        {
            context.Write(report.ToText().TrimEnd());
            if (sheet is not null)
                context.Write($"contact sheet: {sheet}");
        }
        return report.Errors > 0 ? ExitCode.BadInput : ExitCode.Success;
    }

    static string? WriteSheet(CommandContext context, Dataset data, DatasetVerifier verifier)
    {
        if (verifier.Sheet.Draw() is not { } picture)
            return null;
        string path = context.Get(Sheet) ?? $"{data.Name}-contact-sheet.png";
        ImageFile.WritePng(path, picture);
        return path;
    }
}
