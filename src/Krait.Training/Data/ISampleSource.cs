using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>Where training samples come from: what pictures and volumes do differently on the way to a batch.</summary>
public interface ISampleSource
{
    Preprocessing Preprocessing { get; }

    /// <summary>Reads, checks and prepares a sample; the result may be kept.</summary>
    /// <exception cref="Config.ConfigException">If image and mask do not fit.</exception>
    /// <exception cref="ImageFormatException">If a file cannot be read.</exception>
    PreparedSample Read(Sample sample);

    /// <summary>Writes one training sample of the network's size: augmented, of a volume a patch.</summary>
    /// <param name="sample">Prepared sample, left as it is.</param>
    /// <param name="augmentation">Draws by epoch and index.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="index">Index of the sample within the epoch's list.</param>
    /// <param name="image">Image of the network's size, channels last.</param>
    /// <param name="target">Class numbers of the same size.</param>
    void Write(PreparedSample sample, Augmentation augmentation, int epoch, int index, Span<float> image,
        Span<float> target);
}
