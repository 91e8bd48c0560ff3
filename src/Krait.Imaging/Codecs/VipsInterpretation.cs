namespace Krait.Imaging.Codecs;

/// <summary>VipsInterpretation values whose samples are taken as they are; all others are converted to sRGB.</summary>
internal enum VipsInterpretation
{
    Multiband = 0,
    BlackWhite = 1,
    Rgb = 17,
    Srgb = 22,
    Rgb16 = 25,
    Grey16 = 26,
}
