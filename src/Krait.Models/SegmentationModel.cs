using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Models;

/// <summary>
/// A segmentation network: [B, H, W, channels] to logits [B, H, W, classes]. Always logits; the caller applies sigmoid
/// (one class) or softmax.
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

    /// <summary>Height and width must be multiples of this; predictors pad or resize.</summary>
    public abstract int SizeMultiple { get; }

    /// <summary>Stochastic-depth rate of each block, by path.</summary>
    public virtual IReadOnlyDictionary<string, float> DropPathRates { get; } = new Dictionary<string, float>();

    /// <summary>Options as JSON, for weights files.</summary>
    public JsonObject OptionsJson() => Options.ToJson();

    /// <summary>Traces the network in the program of <paramref name="image"/>.</summary>
    /// <exception cref="ShapeException">Channels or size do not fit.</exception>
    public Value Forward(Value image)
    {
        ShapeException.Require(image.Shape.Rank == 4, Id, "the input is [B, H, W, C]", image.Shape);
        (_, int h, int w) = image.Shape.Spatial;
        if (h % SizeMultiple != 0 || w % SizeMultiple != 0)
            throw new ShapeException($"{Id}: height and width are multiples of {SizeMultiple}; got {h} x {w}. "
                + $"Resize or pad to {RoundUp(h)} x {RoundUp(w)}.");
        return Trace(Colour(image));
    }

    /// <summary>The network itself.</summary>
    protected abstract Value Trace(Value image);

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

    int RoundUp(int size) => (size + SizeMultiple - 1) / SizeMultiple * SizeMultiple;
}
