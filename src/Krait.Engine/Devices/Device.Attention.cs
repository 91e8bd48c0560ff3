namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y = softmax(Q Kᵀ / sqrt(D)) V in each head: channels [h D, (h + 1) D) of C.</summary>
    /// <param name="x">Queries [batch L, C], keys and values [batch M, C].</param>
    /// <param name="y">[batch L, C].</param>
    /// <param name="logSum">[batch L, heads]: ln of each softmax's sum, for the gradient.</param>
    public abstract void Attention(AttentionRows x, Rows y, Rows logSum);

    /// <summary>Gradients of all three operands.</summary>
    /// <param name="means">[batch L, heads] room for the products of y and dy.</param>
    /// <param name="dx">As x.</param>
    public abstract void AttentionBackward(AttentionRows x, Rows y, Rows logSum, Rows dy, Rows means, AttentionRows dx);
}

/// <summary>Operands of an attention, or their gradients.</summary>
public readonly record struct AttentionRows(int Batch, int Heads, Rows Q, Rows K, Rows V);
