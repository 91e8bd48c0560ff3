using Krait.Imaging;
using Krait.Imaging.Transforms;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>A sample ready for the network, before augmentation.</summary>
/// <param name="Image">[H, W, C] float32, normalised and resized.</param>
/// <param name="Target">[H, W] class number; 0..1 for a binary mask that was resized bilinearly.</param>
public record PreparedSample(float[] Image, float[] Target)
{
    /// <summary>Memory it takes, bytes.</summary>
    public virtual long Bytes => sizeof(float) * ((long)Image.Length + Target.Length);
}

/// <summary>Reads, checks and prepares samples: normalise at the picture's own size, then resize,
/// as the papers do.</summary>
public sealed class SampleReader(Preprocessing preprocessing, MaskCoding coding, ImageReadOptions? read = null)
    : ISampleSource
{
    public Preprocessing Preprocessing { get; } = preprocessing.MaskResize == MaskResize.Nearest
        || (coding.Classes.Count == 2 && coding.Ignore is null)
        ? preprocessing
        : throw new ConfigException("preprocessing.mask_resize: bilinear is for two classes of which nothing is " +
            $"ignored; got {coding.Classes.Count}{(coding.Ignore is null ? "" : " and ignored pixels")}. Use nearest.");

    public MaskCoding Coding { get; } = coding;

    /// <summary>Image and mask, checked against each other and prepared.</summary>
    /// <exception cref="ConfigException">If sizes differ or the mask holds a value that no class has.</exception>
    /// <exception cref="ImageFormatException">If a file cannot be read.</exception>
    public PreparedSample Read(Sample sample)
    {
        var image = ReadImage(sample.ImagePath);
        byte[] labels = ReadLabels(sample, image);
        return new PreparedSample(Prepare(image), PrepareTarget(labels, image.Width, image.Height));
    }

    /// <summary>Writes the whole picture, augmented.</summary>
    public void Write(PreparedSample sample, Augmentation augmentation, int epoch, int index, Span<float> image,
        Span<float> target)
    {
        var p = Preprocessing;
        var draw = augmentation.DrawFor(epoch, index, p.Height == p.Width);
        Augmentation.Apply(sample, draw, p.Height, p.Width, p.Channels, image, target);
    }

    /// <summary>Reads the picture of a file.</summary>
    public Image ReadImage(string path) => ImageFile.Read(path, read);

    /// <summary>Class numbers of a sample's mask at its own size, which must be the picture's.</summary>
    public byte[] ReadLabels(Sample sample, Image image)
    {
        var mask = ImageFile.Read(sample.MaskPath, read);
        if (mask.Width != image.Width || mask.Height != image.Height)
            throw new ConfigException($"{sample.Name}: image and mask need one size; got " +
                $"{image.Width}x{image.Height} and {mask.Width}x{mask.Height}.");
        byte[] labels = Coding.Decode(mask);
        int unknown = Array.IndexOf(labels, MaskCoding.Unknown);
        if (unknown >= 0 && Coding.Kind == MaskKind.Index)
            throw new ConfigException($"{sample.Name}: mask value {mask.ClassValues()?[unknown]} at pixel " +
                $"({unknown % mask.Width}, {unknown / mask.Width}) is no class's. Classes: {Coding.Describe()}.");
        return labels;
    }

    /// <summary>[H, W, C] of the network's size.</summary>
    public float[] Prepare(Image image) => Prepare(Preprocessing, image);

    /// <summary>[H, W, C] of the network's size.</summary>
    public static float[] Prepare(Preprocessing p, Image image)
    {
        float[] samples = image.ToFloat(p.Channels);
        p.Normalize(samples);
        return image.Width == p.Width && image.Height == p.Height ? samples
            : ImageTransforms.ResizeBilinear(samples, image.Height, image.Width, p.Channels, p.Height, p.Width);
    }

    /// <summary>Class numbers at the network's size, nearest pixel.</summary>
    public byte[] ResizeLabels(byte[] labels, int width, int height) =>
        width == Preprocessing.Width && height == Preprocessing.Height ? labels
            : ImageTransforms.ResizeNearest<byte>(labels, height, width, 1, Preprocessing.Height, Preprocessing.Width);

    private float[] PrepareTarget(byte[] labels, int width, int height)
    {
        var p = Preprocessing;
        bool sameSize = width == p.Width && height == p.Height;
        if (sameSize || p.MaskResize == MaskResize.Bilinear)
        {
            float[] target = Array.ConvertAll(labels, v => (float)v);
            return sameSize ? target : ImageTransforms.ResizeBilinear(target, height, width, 1, p.Height, p.Width);
        }
        return Array.ConvertAll(ResizeLabels(labels, width, height), v => (float)v);
    }
}
