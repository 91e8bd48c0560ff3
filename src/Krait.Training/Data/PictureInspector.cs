using System.Security.Cryptography;
using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>Pictures and masks as verification sees them.</summary>
internal sealed class PictureInspector(MaskCoding coding, ImageReadOptions? read) : ISampleInspector
{
    public SeenSample? Look(Sample sample, FindingList findings)
    {
        if (findings.Read(sample.ImagePath, path => ImageFile.Read(path, read)) is not { } image ||
            findings.Read(sample.MaskPath, path => ImageFile.Read(path, read)) is not { } mask) return null;
        if (mask.Width != image.Width || mask.Height != image.Height)
        {
            findings.Add(Severity.Error, "size_mismatch", sample.Name,
                $"image {image.Width}x{image.Height}, mask {mask.Width}x{mask.Height}. They must be of one size.");
            return null;
        }
        byte[] labels = coding.Decode(mask);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(image.Width));
        hash.AppendData(image.ToRgb8());
        return new SeenSample(new SeenSize($"{image.Width}x{image.Height}", (long)image.Width * image.Height, null),
            Convert.ToHexString(hash.GetHashAndReset()), labels, i => mask.ClassValues()?[i], () => (image, labels));
    }
}
