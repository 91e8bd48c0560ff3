using Krait.Engine.Kernels;
using Krait.Engine.Ops;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void SpaceToDepth(Rows x, Shape shape, int side, PatchOrder order, Rows y)
    {
        int lines = shape[1] / side;
        _pool.Run(new PatchJob(x, y, shape, side, order == PatchOrder.ColumnFirst, true), shape[0] * lines);
    }

    public override void DepthToSpace(Rows x, Shape shape, int side, PatchOrder order, Rows y)
    {
        int lines = (shape[1] + side - 1) / side;
        _pool.Run(new PatchJob(y, x, shape, side, order == PatchOrder.ColumnFirst, false), shape[0] * lines);
    }

    /// <summary>One chunk is one line of patches of one sample.</summary>
    readonly struct PatchJob(Rows space, Rows depth, Shape shape, int side, bool isColumnFirst, bool toDepth) : IJob
    {
        readonly int _height = shape[1];
        readonly int _width = shape[2];

        public void Run(int chunk, Worker worker)
        {
            int lines = toDepth ? _height / side : (_height + side - 1) / side;
            (int sample, int line) = Math.DivRem(chunk, lines);
            float* spaceRow = space.Pointer + ((((long)sample * _height) + (line * side)) * _width * space.Stride);
            float* depthRow = depth.Pointer
                + ((((long)sample * (_height / side)) + line) * (_width / side) * depth.Stride);
            int rows = Math.Min(side, _height - (line * side));
            if (toDepth)
                PatchRearrange.ToDepth(spaceRow, space.Stride, _width, space.Width, side, isColumnFirst, depth.Stride,
                    depthRow);
            else
                PatchRearrange.ToSpace(depthRow, depth.Stride, rows, _width, space.Width, side, isColumnFirst,
                    space.Stride, spaceRow);
        }
    }
}
