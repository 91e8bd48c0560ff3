using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>A slice of a volume as a picture, for people:
/// grey from the 1 % to the 99 % quantile of the slice.</summary>
public sealed class VolumeSlice
{
    private readonly int start;

    private VolumeSlice(Image picture, int start) => (Picture, this.start) = (picture, start);

    public Image Picture { get; }

    /// <summary>The slice with most foreground, or the middle one where there is none.</summary>
    /// <param name="grid">Size.</param>
    /// <param name="samples">[D, H, W, C]; the first channel is drawn.</param>
    /// <param name="channels">C.</param>
    /// <param name="labels">[D, H, W].</param>
    public static VolumeSlice Through(VolumeGeometry grid, float[] samples, int channels, byte[] labels)
    {
        int size = grid.Width * grid.Height;
        int[] counts = [.. Enumerable.Range(0, grid.Depth).Select(d => labels.AsSpan(d * size, size).Length -
            labels.AsSpan(d * size, size).Count((byte)0) - labels.AsSpan(d * size, size).Count(MaskCoding.Ignored))];
        int most = counts.Max(), slice = most == 0 ? grid.Depth / 2 : Array.IndexOf(counts, most), start = slice * size;
        var values = new float[size];
        for (int i = 0; i < size; i++) values[i] = samples[(start + i) * channels];
        float[] sorted = [.. values.Order()];
        float low = sorted[size / 100], high = sorted[size - 1 - size / 100];
        byte[] grey = Array.ConvertAll(values, v => high > low
            ? (byte)Math.Clamp(255 * (v - low) / (high - low), 0, 255) : (byte)128);
        return new VolumeSlice(new Image(grid.Width, grid.Height, 1, grey), start);
    }

    /// <summary>The same slice of a label map.</summary>
    public byte[] Of(byte[] labels) => labels.AsSpan(start, Picture.Width * Picture.Height).ToArray();
}
