using System.Buffers.Binary;
using Krait.Imaging.Codecs;

namespace Krait.Imaging;

/// <summary>Reads and writes pictures. The format is found by the first bytes, never by the file name.</summary>
public static class ImageFile
{
    /// <summary>Endings that folder listings take for pictures (lower case, with the dot).</summary>
    public static IReadOnlyList<string> Extensions { get; } =
        [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"];

    public static bool HasImageExtension(string path) =>
        Extensions.Contains(Path.GetExtension(path).ToLowerInvariant());

    /// <summary>Reads a picture: PNG, BMP and GIF always; JPEG, TIFF and WebP where libvips is found. The first frame
    /// or page of several; EXIF orientation applied; CMYK turned into RGB.</summary>
    /// <exception cref="ImageFormatException">If the file is damaged, larger than allowed or of an unknown kind, or if
    /// libvips is needed and missing (<see cref="ImageFormatException.MissingDependency"/>).</exception>
    public static Image Read(string path, ImageReadOptions? options = null) =>
        Decode(Path.GetFileName(path), ReadBytes(path), options);

    /// <summary>As <see cref="Read"/>, from bytes in memory; <paramref name="name"/> stands in messages.</summary>
    public static Image Decode(string name, byte[] file, ImageReadOptions? options = null)
    {
        options ??= ImageReadOptions.Default;
        return FormatOf(file) switch
        {
            ImageFormat.Png => PngReader.Read(name, file, options),
            ImageFormat.Bmp => BmpReader.Read(name, file, options),
            ImageFormat.Gif => GifReader.Read(name, file, options),
            ImageFormat.Unknown => throw Unknown(name, file),
            ImageFormat format => VipsReader.Read(name, format, file, options),
        };
    }

    /// <summary>Size and kind without decoding the pixels.</summary>
    /// <exception cref="ImageFormatException">As <see cref="Read"/>.</exception>
    public static ImageHeader ReadHeader(string path, ImageReadOptions? options = null)
    {
        options ??= ImageReadOptions.Default;
        string name = Path.GetFileName(path);
        byte[] file = ReadBytes(path);
        return FormatOf(file) switch
        {
            ImageFormat.Png => PngReader.ReadHeader(name, file, options),
            ImageFormat.Bmp => BmpReader.ReadHeader(name, file, options),
            ImageFormat.Gif => GifReader.ReadHeader(name, file, options),
            ImageFormat.Unknown => throw Unknown(name, file),
            ImageFormat format => VipsReader.ReadHeader(name, format, file, options),
        };
    }

    /// <summary>Writes a PNG; a palette picture keeps its indices and colours. The file appears whole or not at all.
    /// </summary>
    public static void WritePng(string path, Image image) =>
        AtomicFile.Write(path, file => PngWriter.Write(file, image));

    /// <summary>Writes a deflate-compressed TIFF; a palette picture keeps its indices and colours. The file appears
    /// whole or not at all.</summary>
    public static void WriteTiff(string path, Image image) =>
        AtomicFile.Write(path, file => TiffWriter.Write(file, image));

    /// <summary>The container by its first bytes.</summary>
    public static ImageFormat FormatOf(ReadOnlySpan<byte> file)
    {
        if (file.Length >= 8 && BinaryPrimitives.ReadUInt64BigEndian(file) == PngChunks.Signature)
        {
            return ImageFormat.Png;
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return ImageFormat.Jpeg;
        }

        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8)
            || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8))
        {
            return ImageFormat.Tiff;
        }

        if (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8))
        {
            return ImageFormat.Gif;
        }

        if (file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8))
        {
            return ImageFormat.WebP;
        }

        return file.StartsWith("BM"u8) ? ImageFormat.Bmp : ImageFormat.Unknown;
    }

    private static byte[] ReadBytes(string path)
    {
        long length = new FileInfo(path).Length;
        return length <= Array.MaxLength
            ? File.ReadAllBytes(path)
            : throw new ImageFormatException(
                $"{Path.GetFileName(path)}: pictures of up to {Array.MaxLength} bytes are read; got {length}.");
    }

    private static ImageFormatException Unknown(string name, byte[] file)
    {
        return new ImageFormatException(file.Length == 0
            ? $"{name}: not a picture: the file is empty."
            : $"{name}: not a picture that can be read: PNG, JPEG, TIFF, BMP, GIF or WebP is expected; it starts with "
              + $"{Convert.ToHexString(file.AsSpan(0, Math.Min(8, file.Length)))}.");
    }
}
