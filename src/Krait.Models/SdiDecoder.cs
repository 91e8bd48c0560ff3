using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>
/// What U-Net v2 and VM-UNetV2 put behind an encoder: each of its four maps passes channel and spatial attention and a
/// 1x1 convolution to M channels; four SDI modules join all maps at each size; transposed convolutions lead up, with
/// additions; a 1x1 convolution to logits at each size.
/// </summary>
/// <remarks>U-Net v2, arXiv:2311.17791, figure 1. Parity: deconv5 is built and saved but never used.</remarks>
sealed class SdiDecoder
{
    readonly (ChannelAttention Channel, SpatialAttention Spatial)[] _attention;
    readonly ConvNorm[] _translations;
    readonly SdiFusion[] _sdi;
    readonly Conv[] _heads;
    readonly ConvTranspose[] _deconvs;

    /// <param name="widths">Channels of the four maps, finest first.</param>
    /// <param name="mid">M.</param>
    public SdiDecoder(Scope p, IReadOnlyList<int> widths, int mid, int classes)
    {
        int[] four = [1, 2, 3, 4];
        _attention = [.. four.Select(i => (new ChannelAttention(p / $"ca_{i}", widths[i - 1]),
            new SpatialAttention(p / $"sa_{i}")))];
        _translations = [.. four.Select(i => new ConvNorm(p / $"Translayer_{i}", widths[i - 1], mid))];
        _sdi = [.. four.Select(i => new SdiFusion(p / $"sdi_{i}", mid))];
        _heads = [.. four.Select(i => new Conv(p / "seg_outs" / (i - 1), mid, classes, 1))];
        _deconvs = [.. four.Select(i => new ConvTranspose(p / $"deconv{i + 1}", mid, mid, 4, 2, 1, bias: false))];
    }

    /// <summary>Logits at the sizes of the maps, finest first.</summary>
    public Value[] Forward(IReadOnlyList<Value> maps)
    {
        Value[] f = [.. maps.Select(Attend)];                           // M channels each
        Value y = _sdi[3].Forward(f, f[3]);
        var logits = new Value[4];
        logits[3] = _heads[0].Forward(y);
        for (int i = 2; i >= 0; i--)
        {
            y = Add.Apply(_deconvs[2 - i].Forward(y), _sdi[i].Forward(f, f[i]));
            logits[i] = _heads[3 - i].Forward(y);
        }
        return logits;
    }

    /// <summary>x1 = CA(x) x; x2 = SA(x1) x1; then M channels. CBAM, arXiv:1807.06521, equation 1.</summary>
    Value Attend(Value x, int map)
    {
        x = Binary.Apply(BinaryKind.Mul, x, _attention[map].Channel.Forward(x));
        x = Binary.Apply(BinaryKind.Mul, x, _attention[map].Spatial.Forward(x));
        return _translations[map].Forward(x);
    }

    /// <summary>Bilinearly, to the picture's size from a map of a quarter of it.</summary>
    public static Value FourTimes(Value x)
    {
        (_, int h, int w) = x.Shape.Spatial;
        return Interpolate.Apply(x, (1, 4 * h, 4 * w), InterpolateMode.Linear, alignCorners: false);
    }
}
