namespace Krait.Imaging.Codecs;

/// <summary>The first frame of a GIF on its canvas, palette indices kept (masks are stored so).</summary>
/// <remarks>GIF89a. A palette that is the plain grey ramp makes a grey picture. Canvas outside the frame takes the
/// transparent index, or index 0.</remarks>
internal static class GifReader
{
    public static ImageHeader ReadHeader(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        GifFrame frame = GifFrame.Parse(name, file, options);
        int channels = IsGrey(frame) ? 1 : frame.Transparent >= 0 ? 4 : 3;
        return new ImageHeader(ImageFormat.Gif, frame.CanvasWidth, frame.CanvasHeight, channels, 8);
    }

    public static Image Read(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        GifFrame frame = GifFrame.Parse(name, file, options);
        byte[] pixels = GifLzw.Decode(name, frame.Data, frame.MinimumCodeSize, frame.Width * frame.Height);
        byte[] canvas = new byte[frame.CanvasWidth * frame.CanvasHeight];
        canvas.AsSpan().Fill((byte)Math.Max(0, frame.Transparent));
        int row = 0;
        foreach (int y in RowOrder(frame))
        {
            int width = Math.Min(frame.Width, frame.CanvasWidth - frame.X);
            if (frame.Y + y < frame.CanvasHeight && width > 0)
            {
                pixels.AsSpan(row * frame.Width, width)
                    .CopyTo(canvas.AsSpan(((frame.Y + y) * frame.CanvasWidth) + frame.X));
            }

            row++;
        }

        return IsGrey(frame)
            ? new Image(frame.CanvasWidth, frame.CanvasHeight, 1, canvas)
            : Image.FromIndices(frame.CanvasWidth, frame.CanvasHeight, canvas, frame.Palette);
    }

    /// <summary>The rows in the order in which they are stored: from top to bottom, or in the four passes of an
    /// interlaced file.</summary>
    private static IEnumerable<int> RowOrder(GifFrame frame)
    {
        (int Start, int Step)[] passes = frame.Interlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)];
        foreach ((int start, int step) in passes)
        {
            for (int y = start; y < frame.Height; y += step)
            {
                yield return y;
            }
        }
    }

    private static bool IsGrey(GifFrame frame)
    {
        if (frame.Transparent >= 0 || frame.Palette.Length != 256)
        {
            return false;
        }

        for (int i = 0; i < 256; i++)
        {
            if (frame.Palette[i] != new Rgba((byte)i, (byte)i, (byte)i))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Header, palette and joined data blocks of the first frame.</summary>
    private sealed class GifFrame
    {
        public int CanvasWidth { get; private init; }

        public int CanvasHeight { get; private init; }

        public int X { get; private set; }

        public int Y { get; private set; }

        public int Width { get; private set; }

        public int Height { get; private set; }

        public bool Interlaced { get; private set; }

        public Rgba[] Palette { get; private set; } = [];

        /// <summary>Index of the transparent colour, -1 for none.</summary>
        public int Transparent { get; private set; } = -1;

        public int MinimumCodeSize { get; private set; }

        public byte[] Data { get; private set; } = [];

        public static GifFrame Parse(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
        {
            GifCursor at = new(name, file, 6);
            GifFrame frame = new() { CanvasWidth = at.Word(), CanvasHeight = at.Word() };
            ImageLimits.Check(name, frame.CanvasWidth, frame.CanvasHeight, 4, options);
            int flags = at.Byte();
            at.Skip(2);
            frame.Palette = (flags & 0x80) != 0 ? ReadPalette(ref at, flags) : [];
            while (true)
            {
                switch (at.Byte())
                {
                    case 0x21:
                        frame.TakeExtension(ref at);
                        break;
                    case 0x2C:
                        frame.TakeFrame(name, ref at, options);
                        return frame;
                    default:
                        throw GifCursor.Damaged(name, "it has no picture");
                }
            }
        }

        private static Rgba[] ReadPalette(ref GifCursor at, int flags)
        {
            Rgba[] palette = new Rgba[2 << (flags & 7)];
            for (int i = 0; i < palette.Length; i++)
            {
                palette[i] = new Rgba(at.Byte(), at.Byte(), at.Byte());
            }

            return palette;
        }

        private void TakeExtension(ref GifCursor at)
        {
            bool control = at.Byte() == 0xF9;
            byte[] body = at.Blocks();
            if (control && body.Length >= 4 && (body[0] & 1) != 0)
            {
                Transparent = body[3];
            }
        }

        private void TakeFrame(string name, ref GifCursor at, ImageReadOptions options)
        {
            (X, Y, Width, Height) = (at.Word(), at.Word(), at.Word(), at.Word());
            ImageLimits.Check(name, Width, Height, 4, options);
            int flags = at.Byte();
            Interlaced = (flags & 0x40) != 0;
            Palette = (flags & 0x80) != 0 ? ReadPalette(ref at, flags) : Palette;
            if (Palette.Length == 0)
            {
                throw GifCursor.Damaged(name, "it has no palette");
            }

            if (Transparent >= 0 && Transparent < Palette.Length)
            {
                Palette[Transparent] = Palette[Transparent] with { A = 0 };
            }
            else
            {
                Transparent = -1;
            }

            MinimumCodeSize = at.Byte();
            Data = at.Blocks();
        }
    }
}
