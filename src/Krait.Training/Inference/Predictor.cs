using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Execution;

namespace Krait.Training;

/// <summary>
/// Predicts masks of pictures and volumes of any size. Safe to call from several threads: preparing runs side by side,
/// the network takes one picture at a time with all its threads.
/// </summary>
public sealed class Predictor : IDisposable
{
    private readonly Device device;
    private readonly bool ownsDevice, ownsModel;
    private readonly InferenceSession session;

    /// <param name="model">The model; it is not disposed.</param>
    /// <param name="device">Where it runs; it is not disposed.</param>
    public Predictor(TrainedModel model, Device device) : this(model, device, false, false) { }

    /// <summary>For use between training steps: shares their memory and keeps one plan,
    /// so that little is added.</summary>
    internal Predictor(TrainedModel model, Device device, Arena arena)
    {
        (Model, this.device) = (model, device);
        session = new InferenceSession(model.Network, device, arena) { PlanBytesLimit = 0 };
    }

    private Predictor(TrainedModel model, Device device, bool ownsModel, bool ownsDevice)
    {
        (Model, this.device, this.ownsModel, this.ownsDevice) = (model, device, ownsModel, ownsDevice);
        session = new InferenceSession(model.Network, device);
    }

    public TrainedModel Model { get; }

    /// <summary>Predicts every picture or patch from all its mirror images: 4 or 8 times the work.</summary>
    public bool IsMirroring { get; init; }

    /// <summary>Opens a Krait weights file on this machine's processor.</summary>
    /// <param name="path">The .safetensors file that training wrote.</param>
    /// <param name="threads">0 for one a core.</param>
    /// <param name="isMirroring">See <see cref="IsMirroring"/>.</param>
    /// <exception cref="Weights.WeightsException">If the file is damaged or does not describe a model.</exception>
    public static Predictor Load(string path, int threads = 0, bool isMirroring = false) =>
        new(TrainedModel.Load(path), CpuDevice.Create(threads), ownsModel: true, ownsDevice: true)
        {
            IsMirroring = isMirroring,
        };

    /// <summary>Predicts a picture.</summary>
    /// <param name="image">Any size from 1x1, any number of channels.</param>
    /// <param name="tiles">False: resized to the training size and back, as in the papers. True: overlapping windows
    /// of the training size over the picture at its own size.</param>
    /// <exception cref="ConfigException">If the model is one of volumes.</exception>
    public Prediction Predict(Image image, bool tiles = false) => Model.Preprocessing.IsVolume
        ? throw new ConfigException($"predict: {Model.Network.Id} was trained on volumes; got a picture.")
        : tiles ? PicturePrediction.Tiled(image, Model.Preprocessing, Model.Readout, Logits)
        : PicturePrediction.Resized(image, Model.Preprocessing, Model.Readout, Logits);

    /// <summary>Predicts pixels in memory.</summary>
    /// <param name="pixels">[H, W, C] 8-bit samples, row by row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.</param>
    /// <param name="tiles">As above.</param>
    public Prediction Predict(ReadOnlySpan<byte> pixels, int width, int height, int channels, bool tiles = false) =>
        Predict(new Image(width, height, channels, pixels.ToArray()), tiles);

    /// <summary>Predicts a picture file.</summary>
    public Prediction Predict(string path, bool tiles = false) => Predict(ImageFile.Read(path), tiles);

    /// <summary>Predicts a volume: overlapping patches with Gaussian weights on the voxel size of training.</summary>
    /// <param name="volume">Any size, with the channels of training; axes may lie in any order.</param>
    /// <param name="cancel">Stops between patches.</param>
    /// <exception cref="ConfigException">If the model is one of pictures, or channels do not fit.</exception>
    public VolumePrediction Predict(Volume volume, CancellationToken cancel = default) => Model.Preprocessing.IsVolume
        ? VolumeInference.Predict(volume, this, cancel)
        : throw new ConfigException($"predict: {Model.Network.Id} was trained on pictures; got a volume.");

    public void Dispose()
    {
        session.Dispose();
        if (ownsModel) Model.Dispose();
        if (ownsDevice) device.Dispose();
    }

    /// <summary>Logits of prepared pictures or patches: their shape with K channels.</summary>
    internal float[] Logits(ReadOnlySpan<float> image, Shape shape) =>
        IsMirroring ? Mirroring.Mean(image, shape, session.Logits) : session.Logits(image, shape);
}
