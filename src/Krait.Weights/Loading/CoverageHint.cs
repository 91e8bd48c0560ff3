namespace Krait.Weights;

/// <summary>Guesses from a report what kind of file was given, and what to do.</summary>
static class CoverageHint
{
    public static string For(CoverageReport report)
    {
        if (LooksLikeVMamba(report))
            return "this looks like a VMamba classification checkpoint; give it as pretrained weights of the " +
                "encoder and not as a trained model.";
        if (report.Filled == 0 && report.Unexpected.Count > 0)
            return "the names have nothing in common with the model; the file begins with " +
                $"{report.Unexpected[0].Name}. Check which model it belongs to.";
        if (OtherClasses(report))
            return "only the last layer differs: the file was trained for another number of classes. Set the same " +
                "number, or --allow-partial to start that layer anew.";
        if (report.MisShaped.Count > 0 && report.MisShaped.Count >= report.Missing.Count)
            return "widths differ: give the model the options that the file was trained with.";
        if (report.Missing.Count == 0 && report.Unexpected.Count > 0)
            return "the file has more than the model uses; check depths and deep supervision, or --allow-partial to " +
                "leave the rest out.";
        return "check the model's options (depths, classes, deep supervision), or --allow-partial to load what fits.";
    }

    static bool LooksLikeVMamba(CoverageReport report)
    {
        bool Has(string begin) => report.Unexpected.Any(n => n.Name.StartsWith(begin, StringComparison.Ordinal));
        return report.Map is null && Has("layers.0.blocks.0.") && (Has("head.") || Has("classifier."));
    }

    static bool OtherClasses(CoverageReport report) => report.Missing.Count == 0 && report.Unexpected.Count == 0
        && report.MisShaped.Count > 0 && report.MisShaped.All(m => m.ModelShape.Count == m.FileShape.Count
            && m.ModelShape.Skip(1).SequenceEqual(m.FileShape.Skip(1)))
        && report.MisShaped.Select(m => (m.ModelShape[0], m.FileShape[0])).Distinct().Count() == 1;
}
