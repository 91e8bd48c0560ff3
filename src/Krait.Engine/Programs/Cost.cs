namespace Krait.Engine.Programs;

/// <summary>What kind of work an op does; multiply-adds are reported by kind.</summary>
public enum CostKind
{
    Linear,
    Conv,
    Einsum,
    Matmul,
    Scan,
    Norm,
    Elementwise,
    Layout,
}

/// <summary>
/// The work of one op, counted from shapes alone. One multiply-add is one MAC; bytes are what must be read and written
/// once when nothing stays in a cache.
/// </summary>
/// <param name="Macs">Multiply-adds by the published counting rule (a scan: 9 B L D N + B L D).</param>
/// <param name="Exps">Exponentials.</param>
/// <param name="Bytes">Bytes read and written.</param>
/// <param name="ScanUpdates">State updates of a selective scan: B L D N.</param>
public readonly record struct Cost(CostKind Kind, long Macs = 0, long Exps = 0, long Bytes = 0, long ScanUpdates = 0)
{
    /// <summary>Those of a scan's multiply-adds that project its step sizes.</summary>
    public long ProductMacs { get; init; }

    /// <summary>Work that only moves or combines elements: reads the inputs and writes the outputs once.</summary>
    public static Cost Streaming(Op op, CostKind kind = CostKind.Elementwise, long exps = 0) =>
        new(kind, 0, exps, BytesOf(op));

    /// <summary>Bytes of all outputs and of the inputs that a run reads.</summary>
    public static long BytesOf(Op op)
    {
        long n = 0;
        for (int i = 0; i < op.Inputs.Count; i++)
            n += op.Reads(i) ? op.Inputs[i]?.Shape.Count ?? 0 : 0;
        foreach (Value v in op.Outputs)
            n += v.Shape.Count;
        return n * sizeof(float);
    }
}
