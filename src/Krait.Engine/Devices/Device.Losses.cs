namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y = softmax over the channels of each row.</summary>
    public abstract void Softmax(Rows x, Rows y);

    /// <summary>dx = y (dy - sum(y dy)).</summary>
    public abstract void SoftmaxBackward(Rows y, Rows dy, Rows dx);

    /// <summary>
    /// Weighted mean over the rows of -ln softmax(x)[target]; weights [C] may be missing. total gets [loss, sum of
    /// weights]. NaN where every row is ignored, as the mean of nothing.
    /// </summary>
    public abstract void CrossEntropy(Rows x, Rows target, Rows weight, int ignored, Rows loss, Rows total);

    /// <summary>dx = dloss * weight[t] / sum of weights * (softmax(x) - onehot).</summary>
    public abstract void CrossEntropyBackward(Rows x, Rows target, Rows weight, int ignored, Rows total, Rows dloss,
        Rows dx);

    /// <summary>y = weight[t] * -ln softmax(x)[t] of each row, 0 in ignored ones; weights [C] may be missing.</summary>
    public abstract void CrossEntropyTerms(Rows x, Rows target, Rows weight, int ignored, Rows y);

    /// <summary>dx = dy * weight[t] * (softmax(x) - onehot).</summary>
    public abstract void CrossEntropyTermsBackward(Rows x, Rows target, Rows weight, int ignored, Rows dy, Rows dx);

    /// <summary>Mean of the <paramref name="top"/> largest rows of one number; chosen is 1 in these, else 0.</summary>
    public abstract void TopMean(Rows x, long top, Rows mean, Rows chosen);

    /// <summary>Mean binary cross entropy, from logits or probabilities.</summary>
    public abstract void Bce(bool fromLogits, Rows x, Rows target, Rows loss);

    /// <summary>Gradient of <see cref="Bce"/>.</summary>
    public abstract void BceBackward(bool fromLogits, Rows x, Rows target, Rows dloss, Rows dx);
}
