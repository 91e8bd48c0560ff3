namespace Krait.Imaging.Codecs;

/// <summary>JPEG, TIFF and WebP through libvips: first page or frame, upright, grey or RGB with or without alpha.
/// </summary>
/// <remarks>The loader is named outright and not guessed by libvips, so a hostile file reaches no other one.</remarks>
internal static unsafe class VipsReader
{
    private const int Uchar = 0;
    private const int Ushort = 2;

    public static ImageHeader ReadHeader(
        string name, ImageFormat format, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        fixed (byte* data = file)
        {
            using VipsPipeline pipeline = Open(name, format, data, file.Length, options);
            int bits = Vips.Format(pipeline.Image) == Ushort ? 16 : 8;
            return new ImageHeader(
                format, Vips.Width(pipeline.Image), Vips.Height(pipeline.Image), Vips.Bands(pipeline.Image), bits);
        }
    }

    public static Image Read(string name, ImageFormat format, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        fixed (byte* data = file)
        {
            using VipsPipeline pipeline = Open(name, format, data, file.Length, options);
            nint image = pipeline.Image;
            (int width, int height, int channels) = (Vips.Width(image), Vips.Height(image), Vips.Bands(image));
            bool wide = Vips.Format(image) == Ushort;
            long samples = (long)width * height * channels;
            nint pixels = Vips.WriteToMemory(image, out nuint size);
            try
            {
                if (pixels == 0 || size != (nuint)samples * (wide ? 2u : 1u))
                {
                    throw pipeline.Damaged();
                }

                void* from = (void*)pixels;
                return wide
                    ? new Image(width, height, channels, new ReadOnlySpan<ushort>(from, (int)samples).ToArray())
                    : new Image(width, height, channels, new ReadOnlySpan<byte>(from, (int)samples).ToArray());
            }
            finally
            {
                Vips.Free(pixels);
            }
        }
    }

    /// <summary>Loader, orientation and colour space, up to but without decoding; sizes are checked first.</summary>
    private static VipsPipeline Open(
        string name, ImageFormat format, byte* data, int length, ImageReadOptions options)
    {
        VipsLibrary.Require(name, format);
        VipsPipeline pipeline = new(name, format);
        try
        {
            pipeline.Load(data, length);
            ImageLimits.Check(
                name, Vips.Width(pipeline.Image), Vips.Height(pipeline.Image), 4, options);
            pipeline.Apply("autorot");
            if (!IsPlain((VipsInterpretation)Vips.Interpretation(pipeline.Image)))
            {
                pipeline.Apply("colourspace", ("space", "srgb"));
            }

            if (Vips.Format(pipeline.Image) is not (Uchar or Ushort) || Vips.Bands(pipeline.Image) is < 1 or > 4)
            {
                throw new ImageFormatException(
                    $"{name}: 1 to 4 channels of 8 or 16 bits unsigned are read; this {format} file has "
                    + $"{Vips.Bands(pipeline.Image)} of another kind. Convert it to 16-bit PNG or TIFF.");
            }

            return pipeline;
        }
        catch (ImageFormatException)
        {
            pipeline.Dispose();
            throw;
        }
    }

    private static bool IsPlain(VipsInterpretation interpretation) => interpretation
        is VipsInterpretation.Multiband or VipsInterpretation.BlackWhite or VipsInterpretation.Rgb
        or VipsInterpretation.Srgb or VipsInterpretation.Rgb16 or VipsInterpretation.Grey16;
}
