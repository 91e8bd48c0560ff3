using System.Globalization;

namespace Krait.Imaging;

/// <summary>
/// Where voxels lie: [x, y, z] = M [i, j, k] + t in mm, for column i, row j and slice k. x grows to the patient's
/// right, y to the front, z to the head (RAS).
/// </summary>
public sealed class Affine
{
    private const int Rows = 3;
    private const int Columns = 4;
    private readonly double[] m;

    /// <param name="rows">12 numbers: three rows of M with t at the end of each.</param>
    public Affine(ReadOnlySpan<double> rows)
    {
        if (rows.Length != Rows * Columns)
        {
            throw new ArgumentException($"affine: 3 rows of 4 numbers are needed; got {rows.Length} numbers.");
        }

        m = rows.ToArray();
    }

    /// <summary>Element of the 3 x 4 matrix.</summary>
    public double this[int row, int column] => m[(row * Columns) + column];

    /// <summary>Distance between neighbouring columns (X), rows (Y) and slices (Z), mm.</summary>
    public (double X, double Y, double Z) SpacingMm => (Length(0), Length(1), Length(2));

    /// <summary>Volume of a voxel, mm^3; negative where the axes are left-handed.</summary>
    public double Determinant =>
        (this[0, 0] * ((this[1, 1] * this[2, 2]) - (this[1, 2] * this[2, 1])))
        - (this[0, 1] * ((this[1, 0] * this[2, 2]) - (this[1, 2] * this[2, 0])))
        + (this[0, 2] * ((this[1, 0] * this[2, 1]) - (this[1, 1] * this[2, 0])));

    /// <summary>All numbers finite, and no voxel flat.</summary>
    public bool IsUsable => m.All(double.IsFinite) && double.IsFinite(Determinant) && Math.Abs(Determinant) > 1e-30;

    /// <summary>Direction in which i, j and k grow, of R/L, A/P and S/I: "RAS", "LPS".</summary>
    public string AxisCodes
    {
        get
        {
            var turn = Reorientation.ToRas(this);
            char[] codes = new char[Rows];
            for (int world = 0; world < Rows; world++)
            {
                codes[turn.SourceAxis(world)] = (turn.IsFlipped(world) ? "LPI" : "RAS")[world];
            }

            return new string(codes);
        }
    }

    /// <summary>Voxels of the given size in mm, axes along the world's, first voxel at 0.</summary>
    public static Affine Scaling(double x, double y, double z) => new([x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0]);

    /// <summary>The affine of another grid, whose index maps to this grid's index by
    /// <paramref name="indexMap"/>.</summary>
    public Affine Of(Affine indexMap)
    {
        double[] product = new double[Rows * Columns];
        for (int r = 0; r < Rows; r++)
        {
            for (int c = 0; c < Columns; c++)
            {
                double sum = c == Rows ? this[r, Rows] : 0;
                for (int k = 0; k < Rows; k++)
                {
                    sum += this[r, k] * indexMap[k, c];
                }

                product[(r * Columns) + c] = sum;
            }
        }

        return new Affine(product);
    }

    /// <summary>No element differs by more, mm.</summary>
    public bool IsNear(Affine other, double toleranceMm)
    {
        for (int i = 0; i < m.Length; i++)
        {
            if (!(Math.Abs(m[i] - other.m[i]) <= toleranceMm))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>12 numbers, row by row.</summary>
    public double[] ToArray() => [.. m];

    public override string ToString() => string.Join(" / ", Enumerable.Range(0, Rows).Select(r =>
        string.Join(' ', Enumerable.Range(0, Columns)
            .Select(c => this[r, c].ToString("0.####", CultureInfo.InvariantCulture)))));

    private double Length(int column) => Math.Sqrt(
        (this[0, column] * this[0, column]) + (this[1, column] * this[1, column])
        + (this[2, column] * this[2, column]));
}
