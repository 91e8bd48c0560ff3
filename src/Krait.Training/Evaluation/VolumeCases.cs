using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Training.Evaluation;

/// <summary>Volumes on their own voxels, or on the grid that the network sees.</summary>
internal sealed class VolumeCases(Predictor predictor, MaskCoding coding, EvaluationOptions options) : ICaseSource
{
    private readonly VolumeReader reader = new(predictor.Model.Preprocessing, coding, options.Read);

    public Func<EvaluatedCase> Open(Sample sample)
    {
        var volume = reader.ReadImage(sample);
        byte[] labels = reader.ReadLabels(sample, volume);
        return () => options.Size == EvaluationSize.Training ? OnNetworkGrid(volume, labels)
            : OnOwnGrid(volume, labels);
    }

    private EvaluatedCase OnOwnGrid(Volume volume, byte[] labels) =>
        Of(volume.Geometry, volume.Samples, volume.Channels, predictor.Predict(volume).Labels.Labels, labels);

    private EvaluatedCase OnNetworkGrid(Volume volume, byte[] labels)
    {
        var grid = reader.Preprocessing.GridOf(volume.Geometry);
        float[] samples = VolumeReader.Prepare(reader.Preprocessing, grid, volume);
        float[] scores = VolumeInference.Probabilities(samples, grid.Size, predictor);
        return Of(grid.Network, samples, volume.Channels, predictor.Model.Readout.ToLabels(scores),
            grid.ToNetwork(labels));
    }

    private static EvaluatedCase Of(VolumeGeometry grid, float[] samples, int channels, byte[] predicted,
        byte[] labels) =>
        new(predicted, labels, [grid.Depth, grid.Height, grid.Width], grid.SpacingMm, () =>
        {
            var slice = VolumeSlice.Through(grid, samples, channels, labels);
            return ClassDrawing.Compare(slice.Picture, slice.Of(labels), slice.Of(predicted));
        });
}
