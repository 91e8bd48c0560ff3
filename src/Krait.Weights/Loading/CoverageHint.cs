namespace Krait.Weights;

/// <summary>Guesses from a report what kind of file was given, and what to do.</summary>
static class CoverageHint
{
    const StringComparison Ordinal = StringComparison.Ordinal;

    public static string For(CoverageReport report)
    {
        if (LooksLikeVMamba(report))
            return "this looks like a VMamba classification checkpoint; give it as pretrained weights of the " +
                "encoder and not as a trained model.";
        if (report.Filled == 0 && report.Unexpected.Count > 0)
            return "the names have nothing in common with the model; the file begins with " +
                $"{report.Unexpected[0].Name}. Check which model it belongs to.";
        if (report.MisShaped.Count > 0 && report.MisShaped.All(m => m.Name.Contains(".mamba_layers.", Ordinal)))
            return OtherPatch(report);
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

    /// <summary>U-Mamba Enc: the width of a layer of channel tokens is the number of its map's positions.</summary>
    static string OtherPatch(CoverageReport report)
    {
        var norm = report.MisShaped.FirstOrDefault(m => m.Name.EndsWith(".norm.weight", Ordinal));
        return "the shapes of these layers depend on the patch that the network was planned for: where a map has no "
            + "more positions than channels, they are as wide as it has positions"
            + (norm is null ? "" : $" (here {norm.FileShape[0]}, the model has {norm.ModelShape[0]})")
            + ". Set patchSize to the plan's patch_size, such as --option patchSize=[320,320].";
    }

    static bool LooksLikeVMamba(CoverageReport report)
    {
        bool Has(string begin) => report.Unexpected.Any(n => n.Name.StartsWith(begin, Ordinal));
        return report.Map is null && Has("layers.0.blocks.0.") && (Has("head.") || Has("classifier."));
    }

    static bool OtherClasses(CoverageReport report) => report.Missing.Count == 0 && report.Unexpected.Count == 0
        && report.MisShaped.Count > 0 && report.MisShaped.All(m => m.ModelShape.Count == m.FileShape.Count
            && m.ModelShape.Skip(1).SequenceEqual(m.FileShape.Skip(1)))
        && report.MisShaped.Select(m => (m.ModelShape[0], m.FileShape[0])).Distinct().Count() == 1;
}
