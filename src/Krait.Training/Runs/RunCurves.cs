using Krait.Imaging;
using Krait.Imaging.Drawing;

namespace Krait.Training.Runs;

/// <summary>curves.svg and curves.png of a metrics table: loss, scores, learning rate.</summary>
public static class RunCurves
{
    /// <summary>Draws the curves; nothing to draw before the first row.</summary>
    /// <param name="folder">Run folder.</param>
    /// <param name="table">Columns as the trainer writes them.</param>
    /// <param name="bestEpoch">Marked in every chart; 0 for none.</param>
    /// <param name="asPicture">The PNG too, which takes longer than the SVG.</param>
    public static void Write(string folder, MetricsTable table, int bestEpoch, bool asPicture)
    {
        if (table.Rows.Count == 0) return;
        (double, string)? mark = bestEpoch > 0 ? (bestEpoch, "best") : null;
        LineChart Chart(string title, double? low, double? high, params (string Name, string Column)[] series) =>
            new(title, [.. series.Select(s => new ChartSeries(s.Name,
                [.. table.Column("epoch").Zip(table.Column(s.Column))]))])
            { XLabel = "epoch", YMin = low, YMax = high, Mark = mark };
        LineChart[] charts =
        [
            Chart("Loss", 0, null, ("train (loss)", "train_loss"), ("validation (cross entropy)", "val_ce")),
            Chart("Validation", 0, 1, ("DSC, mean of pictures", "val_dice"), ("DSC pooled", "val_pooled_dsc"),
                ("mIoU pooled", "val_miou")),
            Chart("Learning rate", 0, null, ("lr", "lr")),
            Chart("Speed, pictures a second", 0, null, ("training", "images_per_second")),
        ];
        RunFile.WriteText(Path.Combine(folder, "curves.svg"), ChartSheet.ToSvg(charts, columns: 2));
        if (asPicture)
            ImageFile.WritePng(Path.Combine(folder, "curves.png"), ChartSheet.ToImage(charts, columns: 2, scale: 1.5));
    }
}
