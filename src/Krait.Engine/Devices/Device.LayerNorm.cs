namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>Rows whose parameter gradients form one partial sum.</summary>
    public const int NormRowsPerPart = 256;

    /// <summary>
    /// y = LayerNorm(x) (* SiLU(gate)) over the channels of each row; stats gets [mean, 1 / sqrt(var + eps)] a row.
    /// Weight, bias and gate may be missing. y may lie where x lies.
    /// </summary>
    public abstract void LayerNorm(Rows x, Rows weight, Rows bias, Rows gate, float eps, Rows stats, Rows y);

    /// <summary>
    /// dx = (addend +) gradient; dgate where there is a gate; dweight and dbias by way of partials [parts * 2, C], a
    /// part being <see cref="NormRowsPerPart"/> rows; without partials they are left out.
    /// </summary>
    public abstract void LayerNormBackward(Rows x, Rows weight, Rows bias, Rows gate, Rows stats, Rows dy, Rows addend,
        Rows dx, Rows dgate, Rows partials, Rows dweight, Rows dbias);
}
