using System.Runtime.InteropServices;
using Krait.Engine;
using Krait.Weights;

namespace Krait.Golden.Tests.Harness;

/// <summary>Numbers of a file, row-major.</summary>
internal sealed record HostArray(int[] Dims, float[] Data)
{
    public static HostArray Read(HostTensor tensor) =>
        new([.. tensor.Shape.Select(d => checked((int)d))], tensor.ToFloat32());

    /// <summary>As double, without rounding where the file holds doubles.</summary>
    public static double[] ReadDoubles(HostTensor tensor) => tensor.DType == DType.F64
        ? MemoryMarshal.Cast<byte, double>(tensor.ToBytes()).ToArray()
        : Array.ConvertAll(tensor.ToFloat32(), x => (double)x);

    /// <summary>The engine's shape of the same numbers; a scalar is [1].</summary>
    public Shape Shape => new(Dims.Length == 0 ? [1] : Dims);

    /// <summary>Axis i of the result is axis axes[i] of this; null leaves all as it is.</summary>
    public HostArray Permute(int[]? axes)
    {
        if (axes is null)
            return this;
        int rank = Dims.Length;
        if (rank != axes.Length)
            throw new InvalidOperationException($"a layout of {axes.Length} axes; the tensor has {rank}.");
        var strides = new int[rank];
        for (int axis = rank - 1, stride = 1; axis >= 0; stride *= Dims[axis], axis--)
            strides[axis] = stride;
        int[] dims = [.. axes.Select(a => Dims[a])];
        var data = new float[Data.Length];
        var index = new int[rank];
        for (int to = 0; to < data.Length; to++)
        {
            int from = 0;
            for (int i = 0; i < rank; i++)
                from += index[i] * strides[axes[i]];
            data[to] = Data[from];
            for (int i = rank - 1; i >= 0 && ++index[i] == dims[i]; i--)
                index[i] = 0;
        }
        return new HostArray(dims, data);
    }
}
