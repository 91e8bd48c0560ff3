using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Models;

/// <summary>
/// A segmentation network: [B, H, W, channels] to logits [B, H, W, classes], or the same with a depth axis. Always
/// logits; the caller applies sigmoid (one class) or softmax.
/// </summary>
public abstract class SegmentationModel(string id, ModelOptions options) : IDisposable
{
    /// <summary>The name in the registry.</summary>
    public string Id { get; } = id;

    /// <summary>What the model was built with.</summary>
    public ModelOptions Options { get; } = options;

    /// <summary>Parameters under the published names.</summary>
    public ParameterStore Store { get; } = new();

    public int InputChannels => Options.InputChannels;

    /// <summary>Channels of the logits: 1 for a binary mask, else one a class.</summary>
    public int Classes => Options.Classes;

    /// <summary>Spatial axes of a picture: 2 for [B, H, W, C], 3 for [B, D, H, W, C].</summary>
    public virtual int Dims => 2;

    /// <summary>What the network divides each spatial axis by; other sizes are padded to a multiple.
    /// D = 1 in 2-D.</summary>
    public abstract (int D, int H, int W) SizeMultiple { get; }

    /// <summary>Stochastic-depth rate of each block, by path.</summary>
    public virtual IReadOnlyDictionary<string, float> DropPathRates { get; } = new Dictionary<string, float>();

    /// <summary>Other names under which the published state dictionary lists the tensor of this name again.</summary>
    public virtual IEnumerable<string> RepeatsOf(string name) => [];

    /// <summary>All second names, each with the name of its parameter.</summary>
    public IReadOnlyDictionary<string, string> Repeats() => Store.Parameters
        .SelectMany(p => RepeatsOf(p.Name).Select(second => KeyValuePair.Create(second, p.Name))).ToDictionary();

    /// <summary>Options as JSON, for weights files.</summary>
    public JsonObject OptionsJson() => Options.ToJson();

    /// <summary>
    /// Traces the network in the program of <paramref name="image"/>: logits at the size of the picture, whatever it
    /// is. A size that the network cannot halve is padded with zeros at the end of each axis, and the logits are
    /// cropped.
    /// </summary>
    /// <exception cref="ShapeException">Axes or channels do not fit.</exception>
    public Value Forward(Value image) => Outputs(image)[0];

    /// <summary>
    /// The logits of every output, finest first: several where the model was built with deep supervision. A padded
    /// picture has the finest only.
    /// </summary>
    /// <exception cref="ShapeException">Axes or channels do not fit.</exception>
    public IReadOnlyList<Value> Outputs(Value image)
    {
        ShapeException.Require(image.Shape.Rank == Dims + 2, Id,
            $"the input is {(Dims == 3 ? "[B, D, H, W, C]" : "[B, H, W, C]")}", image.Shape);
        (int d, int h, int w) size = image.Shape.Spatial;
        (int D, int H, int W) m = SizeMultiple;
        (int, int, int) padded = (RoundUp(size.d, m.D), RoundUp(size.h, m.H), RoundUp(size.w, m.W));
        image = Colour(image);
        return padded == size
            ? Trace(image)
            : [Window.Apply(Trace(Window.Apply(image, default, padded))[0], default, size)];
    }

    /// <summary>The network itself, on a picture whose size it can halve: logits, finest first.</summary>
    protected abstract IReadOnlyList<Value> Trace(Value image);

    public void Dispose()
    {
        Store.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A grey picture feeds all channels of a colour model, as the published code does.</summary>
    Value Colour(Value image)
    {
        if (image.Shape.Width == 1 && InputChannels > 1)
            return Concat.Apply([.. Enumerable.Repeat(image, InputChannels)]);
        ShapeException.Require(image.Shape.Width == InputChannels, Id,
            $"the input has {InputChannels} channels, or one grey channel", image.Shape);
        return image;
    }

    static int RoundUp(int size, int multiple) => (size + multiple - 1) / multiple * multiple;
}
