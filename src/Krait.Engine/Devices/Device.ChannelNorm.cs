namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>
    /// Mean and 1 / sqrt(var + eps) of each group of channels over the positions of each sample, per channel.
    /// </summary>
    /// <param name="x">[samples * positions, C]; the number of samples is mean's number of rows.</param>
    /// <param name="groups">Groups of neighbouring channels; C for batch and instance norm.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="mean">[samples, C].</param>
    /// <param name="rstd">[samples, C].</param>
    /// <param name="running">
    /// Running mean and (unbiased) variance, moved by <paramref name="momentum"/> towards these; missing for none.
    /// </param>
    public abstract void NormStatistics(Rows x, int groups, float eps, Rows mean, Rows rstd,
        (Rows Mean, Rows Variance) running, float momentum);

    /// <summary>mean and rstd from running statistics.</summary>
    public abstract void NormFromRunning(Rows runningMean, Rows runningVariance, float eps, Rows mean, Rows rstd);

    /// <summary>
    /// y = f((x - mean) * rstd * weight + bias); weight and bias may be missing. y may lie where x lies.
    /// </summary>
    public abstract void ChannelNorm(Rows x, Rows mean, Rows rstd, Rows weight, Rows bias, Activation activation,
        float parameter, Rows y);

    /// <summary>Gradients of <see cref="ChannelNorm"/>; dx, dweight and dbias may be missing.</summary>
    /// <param name="isFixed">The statistics are constants (evaluation), so no gradient flows through them.</param>
    public abstract void ChannelNormBackward(Rows x, Rows mean, Rows rstd, Rows weight, Rows bias,
        Activation activation, float parameter, int groups, bool isFixed, Rows dy, Rows addend, Rows dx, Rows dweight,
        Rows dbias);
}
