namespace Krait.Engine.Tests.Kernels;

/// <summary>One selective scan and one SS2D, forward and backward, as plain loops in double.</summary>
sealed class ScanOracle(int length, int channels, int states)
{
    public double[] U = new double[length * channels];
    public double[] Raw = new double[length * channels];
    public double[] A = new double[channels * states];
    public double[] B = new double[length * states];
    public double[] C = new double[length * states];
    public double[] Skip = new double[channels];
    public double[] DLast = new double[channels * states];

    public double[] Y = new double[length * channels];
    public double[] Last = new double[channels * states];
    public double[] DU = new double[length * channels];
    public double[] DRaw = new double[length * channels];
    public double[] DA = new double[channels * states];
    public double[] DB = new double[length * states];
    public double[] DC = new double[length * states];
    public double[] DSkip = new double[channels];

    public static double Softplus(double x) =>
        Math.Max(x, 0) + (x is > -30 and < 30 ? Math.Log(1 + Math.Exp(-Math.Abs(x))) : Math.Exp(-Math.Abs(x)));

    /// <summary>Forward, then backward of the sum of y dy and last dLast.</summary>
    public void Run(double[] dy, bool softplus)
    {
        for (int d = 0; d < channels; d++)
            for (int n = 0; n < states; n++)
                RunOne(d, n, dy, softplus);
        for (int l = 0; l < length; l++)
            for (int d = 0; d < channels; d++)
            {
                int at = (l * channels) + d;
                Y[at] += Skip[d] * U[at];
                DU[at] += Skip[d] * dy[at];
                DSkip[d] += dy[at] * U[at];
                if (softplus)
                    DRaw[at] /= 1 + Math.Exp(-Raw[at]);
            }
    }

    void RunOne(int d, int n, double[] dy, bool softplus)
    {
        var h = new double[length + 1];
        double a = A[(d * states) + n];
        for (int l = 0; l < length; l++)
        {
            double delta = softplus ? Softplus(Raw[(l * channels) + d]) : Raw[(l * channels) + d];
            h[l + 1] = (Math.Exp(delta * a) * h[l]) + (delta * B[(l * states) + n] * U[(l * channels) + d]);
            Y[(l * channels) + d] += C[(l * states) + n] * h[l + 1];
        }
        Last[(d * states) + n] = h[length];
        double g = DLast[(d * states) + n];
        for (int l = length - 1; l >= 0; l--)
        {
            int at = (l * channels) + d, s = (l * states) + n;
            double delta = softplus ? Softplus(Raw[at]) : Raw[at];
            g += dy[at] * C[s];
            DC[s] += dy[at] * h[l + 1];
            DB[s] += g * delta * U[at];
            DU[at] += g * delta * B[s];
            double decay = Math.Exp(delta * a);
            DA[(d * states) + n] += g * decay * h[l] * delta;
            DRaw[at] += g * ((decay * h[l] * a) + (B[s] * U[at]));
            g *= decay;
        }
    }
}

/// <summary>SS2D of one sample in double; the four direction results stand side by side in Y.</summary>
sealed class Ss2dOracle(int height, int width, int channels, int states, int rank)
{
    readonly int _length = height * width;
    public readonly int Wide = 4 * (rank + (2 * states));

    public double[][] Y = new double[4][];
    public double[] DX = new double[height * width * channels];
    public double[] DProjection = new double[height * width * 4 * (rank + (2 * states))];
    public double[] DWeight = new double[4 * channels * rank];
    public double[] DBias = new double[4 * channels];
    public double[] DLogs = new double[4 * channels * states];
    public double[] DDs = new double[4 * channels];

    int Position(int direction, int step)
    {
        int l = direction >= 2 ? _length - 1 - step : step;
        return (direction & 1) == 0 ? l : (l % height * width) + (l / height);
    }

    public void Run(double[] x, double[] projection, double[] weight, double[] bias, double[] logs, double[] ds,
        double[][] dy)
    {
        for (int k = 0; k < 4; k++)
        {
            int column = k * (rank + (2 * states));
            var scan = new ScanOracle(_length, channels, states);
            for (int i = 0; i < scan.A.Length; i++)
                scan.A[i] = -Math.Exp(logs[(k * channels * states) + i]);
            for (int d = 0; d < channels; d++)
                scan.Skip[d] = ds[(k * channels) + d];
            var dyk = new double[_length * channels];
            for (int l = 0; l < _length; l++)
            {
                int p = Position(k, l);
                int row = (p * Wide) + column;
                for (int d = 0; d < channels; d++)
                {
                    double raw = bias[(k * channels) + d];
                    for (int r = 0; r < rank; r++)
                        raw += weight[(((k * channels) + d) * rank) + r] * projection[row + r];
                    scan.Raw[(l * channels) + d] = raw;
                    scan.U[(l * channels) + d] = x[(p * channels) + d];
                    dyk[(l * channels) + d] = dy[k][(p * channels) + d];
                }
                for (int n = 0; n < states; n++)
                {
                    scan.B[(l * states) + n] = projection[row + rank + n];
                    scan.C[(l * states) + n] = projection[row + rank + states + n];
                }
            }
            scan.Run(dyk, softplus: true);
            Collect(k, scan, projection, weight);
        }
    }

    void Collect(int k, ScanOracle scan, double[] projection, double[] weight)
    {
        int column = k * (rank + (2 * states));
        Y[k] = new double[_length * channels];
        for (int i = 0; i < scan.A.Length; i++)
            DLogs[(k * channels * states) + i] = scan.DA[i] * scan.A[i];
        scan.DSkip.CopyTo(DDs, k * channels);
        for (int l = 0; l < _length; l++)
        {
            int p = Position(k, l);
            int row = (p * Wide) + column;
            for (int n = 0; n < states; n++)
            {
                DProjection[row + rank + n] = scan.DB[(l * states) + n];
                DProjection[row + rank + states + n] = scan.DC[(l * states) + n];
            }
            for (int d = 0; d < channels; d++)
            {
                int c = (k * channels) + d;
                double draw = scan.DRaw[(l * channels) + d];
                Y[k][(p * channels) + d] = scan.Y[(l * channels) + d];
                DX[(p * channels) + d] += scan.DU[(l * channels) + d];
                DBias[c] += draw;
                for (int r = 0; r < rank; r++)
                {
                    DWeight[(c * rank) + r] += draw * projection[row + r];
                    DProjection[row + r] += draw * weight[(c * rank) + r];
                }
            }
        }
    }
}
