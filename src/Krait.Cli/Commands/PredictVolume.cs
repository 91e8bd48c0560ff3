using System.Text.Json.Nodes;
using Krait.Imaging;
using Krait.Training;
using Krait.Training.Data;

namespace Krait.Cli.Commands;

/// <summary>Writes the labels of a volume, on the grid of the volume.</summary>
static class PredictVolume
{
    const double CubicMillimetresPerMillilitre = 1000;

    /// <summary>Predicts and writes; returns what the report says of it.</summary>
    public static JsonObject Run(CommandContext context, Predictor predictor, PredictPair pair, bool overlay,
        bool probabilities)
    {
        var sample = new Sample(pair.Input, pair.Input, "") { MoreImages = pair.More };
        Volume volume = VolumeReader.ReadImage(sample, ImageOptions.Read(context));
        VolumePrediction prediction = predictor.Predict(volume, context.Stop);
        VolumeFile.Write(pair.Mask, prediction.Labels);
        string stem = Path.Combine(Path.GetDirectoryName(pair.Mask)!, VolumeFile.StemOf(pair.Mask));
        byte[] labels = prediction.Labels.Labels;
        if (overlay)
            WriteOverlay(predictor.Model.Classes, volume, labels, stem + "_overlay.png");
        if (probabilities)
            VolumeFile.Write(stem + "_probability.nii.gz", prediction.Probabilities);
        VolumeGeometry g = volume.Geometry;
        var millilitres = new JsonObject();
        var shares = new JsonObject();
        for (int c = 0; c < predictor.Model.Classes.Count; c++)
        {
            int count = labels.AsSpan().Count((byte)c);
            shares[predictor.Model.Classes[c].Name] = count / (double)labels.Length;
            millilitres[predictor.Model.Classes[c].Name] =
                count * Math.Abs(g.Affine.Determinant) / CubicMillimetresPerMillilitre;
        }
        return new JsonObject
        {
            ["volume"] = pair.Input,
            ["mask"] = pair.Mask,
            ["width"] = g.Width,
            ["height"] = g.Height,
            ["depth"] = g.Depth,
            ["spacing_mm"] = new JsonArray([.. g.SpacingMm.Reverse().Select(v => JsonValue.Create(Math.Round(v, 6)))]),
            ["shares"] = shares,
            ["millilitres"] = millilitres,
        };
    }

    static void WriteOverlay(IReadOnlyList<ClassInfo> classes, Volume volume, byte[] labels, string path)
    {
        var slice = VolumeSlice.Through(volume.Geometry, volume.Samples, volume.Channels, labels);
        ImageFile.WritePng(path, classes.Draw(slice.Picture, slice.Of(labels)));
    }
}
