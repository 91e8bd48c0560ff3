namespace Krait.Training;

/// <summary>
/// Windows of the network's size over a larger picture, half overlapping, blended with a weight that falls towards
/// the window's border. A picture smaller than a window is continued by its border pixels.
/// </summary>
internal sealed class TileGrid
{
    private readonly int tileHeight, tileWidth;
    private readonly float[] weights;

    /// <param name="height">Rows of the picture.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="tileHeight">Rows of a window.</param>
    /// <param name="tileWidth">Columns of a window.</param>
    public TileGrid(int height, int width, int tileHeight, int tileWidth)
    {
        (Height, Width, this.tileHeight, this.tileWidth) = (height, width, tileHeight, tileWidth);
        int[] rows = Starts(height, tileHeight), columns = Starts(width, tileWidth);
        Tiles = [.. rows.SelectMany(r => columns.Select(c => (r, c)))];
        weights = new float[tileHeight * tileWidth];
        for (int i = 0; i < tileHeight; i++)
            for (int j = 0; j < tileWidth; j++)
                weights[i * tileWidth + j] = Bell(i, tileHeight) * Bell(j, tileWidth);
    }

    public int Height { get; }
    public int Width { get; }

    /// <summary>Upper left corners (row, column).</summary>
    public IReadOnlyList<(int Row, int Column)> Tiles { get; }

    /// <summary>Copies a window out of [H, W, C].</summary>
    public void Cut(ReadOnlySpan<float> picture, int channels, (int Row, int Column) tile, Span<float> window)
    {
        for (int i = 0, o = 0; i < tileHeight; i++)
            for (int j = 0; j < tileWidth; j++, o += channels)
            {
                int row = Math.Min(tile.Row + i, Height - 1), column = Math.Min(tile.Column + j, Width - 1);
                picture.Slice((row * Width + column) * channels, channels).CopyTo(window[o..]);
            }
    }

    /// <summary>Adds a window's weighted values to [H, W, K] and its weights to [H, W].</summary>
    public void Add(ReadOnlySpan<float> window, int channels, (int Row, int Column) tile, Span<float> sum, Span<float> weight)
    {
        for (int i = 0; i < tileHeight && tile.Row + i < Height; i++)
            for (int j = 0; j < tileWidth && tile.Column + j < Width; j++)
            {
                int to = (tile.Row + i) * Width + tile.Column + j, from = i * tileWidth + j;
                weight[to] += weights[from];
                for (int k = 0; k < channels; k++) sum[to * channels + k] += weights[from] * window[from * channels + k];
            }
    }

    // Even steps of at most half a window that end exactly at the picture's end.
    private static int[] Starts(int size, int tile)
    {
        if (size <= tile) return [0];
        int steps = (int)Math.Ceiling((size - tile) / (tile / 2.0));
        return [.. Enumerable.Range(0, steps + 1).Select(s => (int)Math.Round((double)s * (size - tile) / steps))];
    }

    // Gaussian of deviation 1/8 of the window, not below 0.05 so that corners keep their say.
    private static float Bell(int i, int size)
    {
        double x = (i + 0.5 - size / 2.0) / (size / 8.0);
        return (float)Math.Max(0.05, Math.Exp(-x * x / 2));
    }
}
