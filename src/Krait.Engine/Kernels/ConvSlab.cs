namespace Krait.Engine.Kernels;

/// <summary>
/// The pixels that some rows of outputs read, seen as planes of rows of pixels: the input itself where no tap falls
/// beside it, else a copy with zeros around.
/// </summary>
internal unsafe struct ConvSlab
{
    /// <summary>What the first output's first tap reads.</summary>
    public float* Pointer;
    public long PlaneStride;
    public long RowStride;
    public long PixelStride;

    /// <summary>Floats that a copy for <paramref name="rows"/> rows of outputs takes.</summary>
    public static long Floats(in ConvPhase p, int rows, int channels) =>
        (long)p.Z.Taps * p.Y.Span(rows) * p.X.Span(p.X.Count) * channels;

    /// <summary>True when taps may be read in place: a run of taps is dense there, or there is only one.</summary>
    public static bool IsInPlace(in ConvPhase p, long stride, int channels) =>
        p.Z.IsInside && p.Y.IsInside && p.X.IsInside && (p.X.Taps == 1 || stride == channels);

    /// <summary>Settles the slab of outputs (z, y to y + rows) of one sample.</summary>
    /// <remarks>x: the sample's first pixel and channel, pixels stride apart. scratch: <see cref="Floats"/>.</remarks>
    public static ConvSlab Of(
        in ConvPhase p, float* x, long stride, int channels, int z, int y, int rows, float* scratch)
    {
        int firstZ = p.Z.Start + z * p.Z.Step, firstY = p.Y.Start + y * p.Y.Step;
        var slab = new ConvSlab();
        if (IsInPlace(p, stride, channels))
        {
            slab.PixelStride = stride;
            slab.RowStride = stride * p.X.Extent;
            slab.PlaneStride = slab.RowStride * p.Y.Extent;
            slab.Pointer = x + firstZ * slab.PlaneStride + firstY * slab.RowStride + p.X.Start * stride;
            return slab;
        }
        int height = p.Y.Span(rows), width = p.X.Span(p.X.Count);
        slab.Pointer = scratch;
        slab.PixelStride = channels;
        slab.RowStride = (long)width * channels;
        slab.PlaneStride = slab.RowStride * height;
        for (int i = 0; i < p.Z.Taps; i++)
        {
            for (int j = 0; j < height; j++)
            {
                int iz = firstZ + i, iy = firstY + j;
                float* to = scratch + i * slab.PlaneStride + j * slab.RowStride;
                if ((uint)iz >= (uint)p.Z.Extent || (uint)iy >= (uint)p.Y.Extent)
                    new Span<float>(to, width * channels).Clear();
                else
                    CopyRow(x + ((long)iz * p.Y.Extent + iy) * p.X.Extent * stride, stride, p.X, width, channels, to);
            }
        }
        return slab;
    }

    static void CopyRow(float* row, long stride, in ConvAxis x, int width, int channels, float* to)
    {
        int left = Math.Clamp(-x.Start, 0, width), last = Math.Clamp(x.Extent - x.Start, left, width);
        new Span<float>(to, left * channels).Clear();
        new Span<float>(to + (long)last * channels, (width - last) * channels).Clear();
        float* from = row + (x.Start + left) * stride;
        if (stride == channels)
        {
            int floats = (last - left) * channels;
            new Span<float>(from, floats).CopyTo(new Span<float>(to + (long)left * channels, floats));
            return;
        }
        for (int i = left; i < last; i++, from += stride)
            for (int c = 0; c < channels; c++)
                to[(long)i * channels + c] = from[c];
    }

    /// <summary>
    /// Runs of consecutive floats that one output reads: one for each row of taps where pixels are dense, else one for
    /// each tap. Writes where they start and returns how many there are.
    /// </summary>
    public readonly int Runs(in ConvPhase p, int channels, long* offsets, out long run)
    {
        bool joined = PixelStride == channels || p.X.Taps == 1;
        int perRow = joined ? Math.Min(1, p.X.Taps) : p.X.Taps, count = 0;
        run = joined ? (long)p.X.Taps * channels : channels;
        for (int z = 0; z < p.Z.Taps; z++)
            for (int y = 0; y < p.Y.Taps; y++)
                for (int x = 0; x < perRow; x++)
                    offsets[count++] = z * PlaneStride + y * RowStride + x * PixelStride;
        return count;
    }
}
