using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Training;

/// <summary>From a volume of any size to a prediction on its own voxels.</summary>
internal static class VolumeInference
{
    /// <summary>To the network's grid, overlapping patches with Gaussian weights, and back: logits are blended,
    /// probabilities interpolated, labels taken last.</summary>
    public static VolumePrediction Predict(Volume volume, Predictor predictor, CancellationToken cancel)
    {
        var p = predictor.Model.Preprocessing;
        int outputs = predictor.Model.Outputs;
        var grid = p.GridOf(volume.Geometry);
        float[] scores = Probabilities(VolumeReader.Prepare(p, grid, volume), grid.Size, predictor, cancel);
        scores = grid.ToNativeSize(scores, outputs);
        byte[] labels = grid.ToNativeAxes(predictor.Model.Readout.ToLabels(scores), 1);
        return new VolumePrediction
        {
            Labels = new LabelVolume(volume.Geometry, labels),
            Probabilities = new Volume(volume.Geometry, outputs, grid.ToNativeAxes(scores, outputs)),
        };
    }

    /// <summary>Probabilities [D, H, W, K] of a prepared volume [D, H, W, C].</summary>
    public static float[] Probabilities(ReadOnlySpan<float> samples, Extent size, Predictor predictor,
        CancellationToken cancel = default)
    {
        float[] scores = Logits(samples, size, predictor, cancel);
        predictor.Model.Readout.ToProbabilities(scores);
        return scores;
    }

    /// <summary>Blended logits [D, H, W, K] of a prepared volume [D, H, W, C].</summary>
    public static float[] Logits(ReadOnlySpan<float> samples, Extent size, Predictor predictor,
        CancellationToken cancel)
    {
        var p = predictor.Model.Preprocessing;
        var shape = p.InputShape(1, p.Channels);
        return new SlidingWindow(size.ToArray(), p.Input.ToArray())
            .Run(samples, p.Channels, predictor.Model.Outputs, window => predictor.Logits(window, shape), cancel);
    }
}
