namespace Krait.Imaging.Codecs;

/// <summary>What a NIfTI header says of the grid's place, as stored.</summary>
internal sealed record NiftiForms
{
    public const int Scanner = 1;
    private const int Metre = 1;
    private const int Millimetre = 2;
    private const int Micrometre = 3;

    public required int QformCode { get; init; }
    public required int SformCode { get; init; }

    /// <summary>Sign of the third axis under the qform, then voxel sizes along columns, rows and slices.</summary>
    public required double[] Pixdim { get; init; }

    /// <summary>b, c, d of the unit quaternion, then the offset.</summary>
    public required double[] Quaternion { get; init; }

    /// <summary>Three rows of the affine.</summary>
    public required double[] Srow { get; init; }

    /// <summary>Code of the unit of length in the lower three bits.</summary>
    public required int Units { get; init; }

    /// <summary>Forms that say where a grid lies: an sform, and a qform where axes are perpendicular.</summary>
    public static NiftiForms Of(Affine affine)
    {
        var (x, y, z) = affine.SpacingMm;
        double sign = affine.Determinant < 0 ? -1 : 1;
        double[] rotation = new double[9];
        double[] size = [x, y, z * sign];
        for (int i = 0; i < 9; i++)
        {
            rotation[i] = affine[i / 3, i % 3] / size[i % 3];
        }

        return new NiftiForms
        {
            SformCode = Scanner,
            QformCode = IsRotation(rotation) ? Scanner : 0,
            Pixdim = [sign, x, y, z],
            Quaternion = [.. QuaternionOf(rotation), affine[0, 3], affine[1, 3], affine[2, 3]],
            Srow = affine.ToArray(),
            Units = Millimetre,
        };
    }

    /// <summary>The affine in use: sform before qform before voxel sizes, in mm.</summary>
    /// <exception cref="ImageFormatException">If it is no affine.</exception>
    public Affine ToAffine(string name, int width, int height, int depth)
    {
        double scale = (Units & 7) switch { Metre => 1000, Micrometre => 0.001, _ => 1 };
        var (source, rows) = SformCode > 0 ? ("sform", Srow)
            : QformCode > 0 ? ("qform", FromQuaternion())
            : ("voxel size", FromSizes(width, height, depth));
        Affine affine = new(Array.ConvertAll(rows, v => v * scale));
        return affine.IsUsable ? affine : throw new ImageFormatException(
            $"{name}: the {source} must be an affine with a volume; the header says {affine}. The file is damaged.");
    }

    private double Size(int axis) => Pixdim[axis + 1] == 0 ? 1 : Math.Abs(Pixdim[axis + 1]);

    // Without any form NIfTI readers put the middle at 0 and let columns grow to the left.
    private double[] FromSizes(int width, int height, int depth) =>
    [
        -Size(0), 0, 0, Size(0) * (width - 1) / 2, 0, Size(1), 0, -Size(1) * (height - 1) / 2,
        0, 0, Size(2), -Size(2) * (depth - 1) / 2,
    ];

    private double[] FromQuaternion()
    {
        double b = Quaternion[0], c = Quaternion[1], d = Quaternion[2];
        double square = 1 - ((b * b) + (c * c) + (d * d)), a = 0;
        if (square > 1e-7)
        {
            a = Math.Sqrt(square);
        }
        else
        {
            // A turn by 180 degrees; rounding may have made the vector longer than 1.
            double length = Math.Sqrt((b * b) + (c * c) + (d * d));
            (b, c, d) = (b / length, c / length, d / length);
        }

        double[] r =
        [
            (a * a) + (b * b) - (c * c) - (d * d), 2 * ((b * c) - (a * d)), 2 * ((b * d) + (a * c)),
            2 * ((b * c) + (a * d)), (a * a) + (c * c) - (b * b) - (d * d), 2 * ((c * d) - (a * b)),
            2 * ((b * d) - (a * c)), 2 * ((c * d) + (a * b)), (a * a) + (d * d) - (c * c) - (b * b),
        ];
        double x = Size(0), y = Size(1), z = Pixdim[0] < 0 ? -Size(2) : Size(2);
        return
        [
            r[0] * x, r[1] * y, r[2] * z, Quaternion[3], r[3] * x, r[4] * y, r[5] * z, Quaternion[4],
            r[6] * x, r[7] * y, r[8] * z, Quaternion[5],
        ];
    }

    private static bool IsRotation(double[] r)
    {
        for (int i = 0; i < 3; i++)
        {
            int j = (i + 1) % 3;
            if (Math.Abs((r[i] * r[j]) + (r[3 + i] * r[3 + j]) + (r[6 + i] * r[6 + j])) > 1e-4)
            {
                return false;
            }
        }

        return true;
    }

    private static double[] QuaternionOf(double[] r)
    {
        double trace = r[0] + r[4] + r[8];
        if (trace > -0.5)
        {
            double a = 0.5 * Math.Sqrt(1 + trace);
            return [0.25 * (r[7] - r[5]) / a, 0.25 * (r[2] - r[6]) / a, 0.25 * (r[3] - r[1]) / a];
        }

        double xd = 1 + r[0] - (r[4] + r[8]), yd = 1 + r[4] - (r[0] + r[8]), zd = 1 + r[8] - (r[0] + r[4]);
        double largest = Math.Max(xd, Math.Max(yd, zd)), half = 0.5 * Math.Sqrt(largest), part = 0.25 / half;
        var (first, q) = largest == xd ? (r[7] - r[5], new[] { half, part * (r[1] + r[3]), part * (r[2] + r[6]) })
            : largest == yd ? (r[2] - r[6], new[] { part * (r[1] + r[3]), half, part * (r[5] + r[7]) })
            : (r[3] - r[1], new[] { part * (r[2] + r[6]), part * (r[5] + r[7]), half });
        return first < 0 ? Array.ConvertAll(q, v => -v) : q;
    }
}
