using Krait.Engine;
using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>
/// A seeded set of drawn skin lesions with exact masks: varied skin, shape, colour, border, hair, glare, vignette and
/// blur. Made for demonstrations and tests; it stands for no patient and no disease.
/// </summary>
/// <remarks>Picture i of a seed is a pure function of (seed, i, size).</remarks>
public sealed class SyntheticLesions
{
    private readonly int size;
    private readonly CounterRng rng;
    private readonly float[] rgb;
    private readonly float[] inside;
    private ulong draws;

    private SyntheticLesions(ulong seed, int index, int size)
    {
        this.size = size;
        rng = new CounterRng(seed, (ulong)index, "synthetic lesions");
        rgb = new float[size * size * 3];
        inside = new float[size * size];
    }

    /// <summary>Draws one picture and its mask (0 and 255).</summary>
    /// <param name="seed">Names the set.</param>
    /// <param name="index">Number of the picture.</param>
    /// <param name="size">Side of the square, at least 16 pixels.</param>
    public static (Image Picture, Image Mask) Draw(ulong seed, int index, int size = 128)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 16);
        var drawing = new SyntheticLesions(seed, index, size);
        drawing.Skin();
        byte[] mask = drawing.Lesion();
        drawing.Freckles();
        drawing.Hair();
        drawing.Glare();
        drawing.Vignette();
        drawing.BlurAndNoise();
        byte[] pixels = Array.ConvertAll(drawing.rgb, v => (byte)Math.Clamp(MathF.Round(v), 0, 255));
        return (new Image(size, size, 3, pixels), new Image(size, size, 1, mask));
    }

    /// <summary>Writes a data folder with train, val and test parts and a dataset.yaml.</summary>
    public static void Write(string root, ulong seed, int train, int val, int test, int size = 128)
    {
        int index = 0;
        foreach (var (part, count) in new[] { ("train", train), ("val", val), ("test", test) })
        {
            string images = Directory.CreateDirectory(Path.Combine(root, part, "images")).FullName;
            string masks = Directory.CreateDirectory(Path.Combine(root, part, "masks")).FullName;
            for (int i = 0; i < count; i++, index++)
            {
                var (picture, mask) = Draw(seed, index, size);
                string name = FormattableString.Invariant($"lesion_{index:0000}");
                ImageFile.WritePng(Path.Combine(images, name + ".png"), picture);
                ImageFile.WritePng(Path.Combine(masks, name + "_mask.png"), mask);
            }
        }
        var description = new DatasetDescription
        {
            Name = "synthetic-lesions",
            Masks = MaskKind.Threshold,
            Classes = ClassInfo.Binary("lesion"),
        };
        Runs.RunFile.WriteText(Path.Combine(root, DatasetDescription.FileName), description.ToYaml());
    }

    private void Skin()
    {
        // From pale to dark brown along one line, then a tint of red.
        double tone = Next(), red = Range(-6, 12);
        double[] pale = [236, 196, 176], dark = [128, 84, 62];
        double angle = Range(0, 2 * Math.PI), slope = Range(0, 22);
        double fine = Range(2, 5), coarse = Range(5, 16);
        int cell = Math.Max(2, size / 5), pore = Math.Max(2, size / 48);
        ulong noiseA = draws += 1, noiseB = draws += 1;
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
            {
                double light = slope * ((x - size / 2.0) * Math.Cos(angle)
                    + (y - size / 2.0) * Math.Sin(angle)) / size +
                    coarse * Noise(x, y, cell, noiseA) + fine * Noise(x, y, pore, noiseB);
                for (int c = 0; c < 3; c++)
                    rgb[3 * (y * size + x) + c] = (float)(pale[c] + tone * 0.85 * (dark[c] - pale[c]) + light
                        + (c == 0 ? red : 0));
            }
    }

    /// <summary>r(angle) = r0 (1 + sum of harmonics) about a centre, on an ellipse;
    /// border soft to a varying degree.</summary>
    private byte[] Lesion()
    {
        double radius = size * Range(0.1, 0.33), stretch = Range(0.68, 1), turn = Range(0, Math.PI);
        double cx = size * Range(0.34, 0.66), cy = size * Range(0.34, 0.66);
        var harmonics = new (double Size, double Phase)[5];
        for (int k = 0; k < 5; k++) harmonics[k] = (Range(0, 0.16) / (1 + 0.45 * k), Range(0, 2 * Math.PI));
        double softness = radius * Range(0.03, 0.13), contrast = Range(0.22, 0.75), mottle = Range(0.05, 0.35);
        double blue = Next() < 0.25 ? Range(0.2, 0.7) : 0, pinkRim = Next() < 0.35 ? Range(10, 28) : 0;
        int patch = Math.Max(2, (int)(radius * Range(0.3, 0.7)));
        ulong ragged = draws += 1, patches = draws += 1, network = draws += 1;
        double[] brown = [92, 54, 38], grey = [70, 76, 96];
        var mask = new byte[size * size];
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
            {
                double dx = x + 0.5 - cx, dy = y + 0.5 - cy;
                double u = dx * Math.Cos(turn) + dy * Math.Sin(turn),
                    v = (dy * Math.Cos(turn) - dx * Math.Sin(turn)) / stretch;
                double theta = Math.Atan2(v, u), rim = 1;
                for (int k = 0; k < 5; k++) rim += harmonics[k].Size * Math.Cos((k + 2) * theta + harmonics[k].Phase);
                double depth = radius * (rim + 0.06 * Noise(x, y, Math.Max(2, size / 16), ragged))
                    - Math.Sqrt(u * u + v * v);
                int at = y * size + x;
                mask[at] = depth > 0 ? (byte)255 : (byte)0;
                double cover = 1 / (1 + Math.Exp(-depth / softness));
                inside[at] = (float)cover;
                double halo = pinkRim * Math.Exp(-Math.Pow((depth + 1.5 * softness) / (3 * softness), 2));
                double share = Math.Clamp(contrast * (1 + mottle * 2 * Noise(x, y, patch, patches) +
                    0.25 * Noise(x, y, Math.Max(2, size / 32), network)), 0.05, 0.97) * cover;
                double blueness = blue * Math.Clamp(Noise(x, y, patch, patches) + 0.3, 0, 1);
                for (int c = 0; c < 3; c++)
                {
                    double ink = brown[c] + blueness * (grey[c] - brown[c]);
                    rgb[3 * at + c] += (float)(share * (ink - rgb[3 * at + c]) + (c == 0 ? halo * 0.5 : -halo * 0.6));
                }
            }
        return mask;
    }

    private void Freckles()
    {
        for (int n = Next() < 0.5 ? Whole(1, 6) : 0; n > 0; n--)
            Disc(Range(0, size), Range(0, size), Math.Max(0.8, size * Range(0.008, 0.02)), Range(0.12, 0.35),
                [112, 70, 50]);
    }

    private void Hair()
    {
        int count = Next() < 0.55 ? Whole(2, 14) : 0;
        double direction = Range(0, Math.PI), shade = Range(18, 70);
        for (; count > 0; count--)
        {
            double angle = direction + Range(-0.6, 0.6), length = size * Range(0.25, 0.9),
                bend = size * Range(-0.22, 0.22);
            double x0 = Range(0, size), y0 = Range(0, size), width = Math.Max(0.45, size * Range(0.0028, 0.0065));
            double opacity = Range(0.5, 0.95);
            int steps = (int)(length * 2);
            for (int s = 0; s <= steps; s++)
            {
                double t = (double)s / steps, arc = bend * 4 * t * (1 - t);
                double x = x0 + Math.Cos(angle) * length * t - Math.Sin(angle) * arc;
                double y = y0 + Math.Sin(angle) * length * t + Math.Cos(angle) * arc;
                Disc(x, y, width * (1 - 0.5 * t), opacity * 0.5, [shade, shade * 0.8, shade * 0.7]);
            }
        }
    }

    private void Glare()
    {
        for (int n = Next() < 0.4 ? Whole(1, 5) : 0; n > 0; n--)
        {
            double x = Range(0.1, 0.9) * size, y = Range(0.1, 0.9) * size, r = size * Range(0.012, 0.05);
            Disc(x, y, r, Range(0.35, 0.9), [250, 248, 244]);
            Disc(x + r, y - 0.4 * r, 0.6 * r, Range(0.2, 0.6), [252, 250, 247]);
        }
    }

    private void Vignette()
    {
        if (Next() >= 0.45) return;
        double reach = Range(0.52, 0.72) * size, edge = Range(0.02, 0.12) * size, depth = Range(0.35, 0.95);
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
            {
                double r = Math.Sqrt(Math.Pow(x + 0.5 - size / 2.0, 2) + Math.Pow(y + 0.5 - size / 2.0, 2));
                float light = (float)(1 - depth / (1 + Math.Exp((reach - r) / edge)));
                for (int c = 0; c < 3; c++) rgb[3 * (y * size + x) + c] *= light;
            }
    }

    private void BlurAndNoise()
    {
        double sigma = size / 128.0 * (Next() < 0.3 ? Range(0.7, 1.6) : Range(0.2, 0.6));
        Blur(sigma);
        double grain = Range(0.8, 4);
        var stream = new CounterRng(0x6A17, rng.Bits(1UL << 40), "grain");
        for (int i = 0; i < rgb.Length; i++) rgb[i] += (float)(grain * stream.Normal((ulong)i));
    }

    private void Blur(double sigma)
    {
        int reach = (int)Math.Ceiling(3 * sigma);
        var weights = new double[2 * reach + 1];
        for (int k = -reach; k <= reach; k++) weights[k + reach] = Math.Exp(-k * k / (2 * sigma * sigma));
        double sum = weights.Sum();
        var between = new float[rgb.Length];
        Pass(rgb, between, 3, size * 3);
        Pass(between, rgb, size * 3, 3);

        void Pass(float[] from, float[] to, int step, int other)
        {
            for (int line = 0; line < size; line++)
                for (int i = 0; i < size; i++)
                    for (int c = 0; c < 3; c++)
                    {
                        double total = 0;
                        for (int k = -reach; k <= reach; k++)
                            total += weights[k + reach] * from[line * other
                                + Math.Clamp(i + k, 0, size - 1) * step + c];
                        to[line * other + i * step + c] = (float)(total / sum);
                    }
        }
    }

    /// <summary>Blends a colour into a disc with a border one pixel wide.</summary>
    private void Disc(double cx, double cy, double radius, double opacity, ReadOnlySpan<double> colour)
    {
        int x0 = Math.Max(0, (int)(cx - radius - 1)), x1 = Math.Min(size - 1, (int)(cx + radius + 1));
        int y0 = Math.Max(0, (int)(cy - radius - 1)), y1 = Math.Min(size - 1, (int)(cy + radius + 1));
        for (int y = y0; y <= y1; y++)
            for (int x = x0; x <= x1; x++)
            {
                double distance = Math.Sqrt(Math.Pow(x + 0.5 - cx, 2) + Math.Pow(y + 0.5 - cy, 2));
                double share = opacity * Math.Clamp(radius + 0.5 - distance, 0, 1);
                for (int c = 0; c < 3; c++)
                {
                    ref float sample = ref rgb[3 * (y * size + x) + c];
                    sample += (float)(share * (colour[c] - sample));
                }
            }
    }

    /// <summary>Value noise in -1..1: random numbers on a grid of <paramref name="cell"/> pixels,
    /// smoothly joined.</summary>
    private double Noise(int x, int y, int cell, ulong layer)
    {
        double fx = (double)x / cell, fy = (double)y / cell;
        int ix = (int)fx, iy = (int)fy;
        double sx = Smooth(fx - ix), sy = Smooth(fy - iy);
        double top = Lattice(ix, iy) + sx * (Lattice(ix + 1, iy) - Lattice(ix, iy));
        double bottom = Lattice(ix, iy + 1) + sx * (Lattice(ix + 1, iy + 1) - Lattice(ix, iy + 1));
        return top + sy * (bottom - top);

        double Lattice(int i, int j) => 2 * rng.Uniform((layer << 32) + (1UL << 31) + ((ulong)j << 14) + (ulong)i) - 1;
        static double Smooth(double t) => t * t * (3 - 2 * t);
    }

    private double Next() => rng.Uniform(draws++);

    private double Range(double low, double high) => rng.Between(draws++, low, high);

    private int Whole(int low, int high) => low + rng.Below(draws++, high - low + 1);
}
