namespace Krait.Nn.Mamba;

/// <summary>What stands in the place of the scan.</summary>
public enum ScanKind
{
    /// <summary>The selective scan.</summary>
    Selective,

    /// <summary>y = D u: no state, so no step, A, B and C. All else stays, so that the two can be compared.</summary>
    None,
}
