using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void DepthwiseConv(
        DepthwiseShape shape, Rows x, Rows weight, Rows bias, bool isReversed, Activation activation, Rows y)
    {
        var job = new DepthwiseJob(shape, x, weight, bias, isReversed, activation, y);
        _pool.Run(job, job.Count);
    }

    public override void DepthwiseConvGradient(DepthwiseShape shape, Rows x, Rows dy, Rows partials, Rows dw)
    {
        int parts = DepthwiseParts(shape);
        int blocks = Chunks(shape.Channels, DepthwiseConv<L, V>.ChannelBlock);
        _pool.Run(new DepthwiseGradientJob(shape, x, dy, partials, blocks), parts * blocks);
        Rows line = dw.AsLongRows();
        _pool.Run(
            new SumSlabsJob(partials.Reshape(parts * line.Count, line.Width), parts, line), Chunks(line.Count, 64));
    }

    /// <summary>Some rows of outputs, or a part of a long row.</summary>
    readonly struct DepthwiseJob : IJob
    {
        readonly DepthwiseShape _shape;
        readonly Rows _x, _weight, _bias, _y;
        readonly bool _isReversed;
        readonly Activation _activation;
        readonly int _rows, _columns, _columnBlocks;

        public DepthwiseJob(
            DepthwiseShape shape, Rows x, Rows weight, Rows bias, bool isReversed, Activation activation, Rows y)
        {
            (_shape, _x, _weight, _bias, _y) = (shape, x, weight, bias, y);
            (_isReversed, _activation) = (isReversed, activation);
            long all = shape.Batch * shape.Output.Count;
            int pixels = (int)Math.Clamp(all / WantedChunks, 16, 256);
            _columns = pixels;
            _columnBlocks = (shape.Output.W + _columns - 1) / _columns;
            _rows = Math.Max(1, pixels / shape.Output.W);
        }

        long AllRows => (long)_shape.Batch * _shape.Output.D * _shape.Output.H;

        public int Count => checked((int)((AllRows + _rows - 1) / _rows * _columnBlocks));

        public void Run(int chunk, Worker worker)
        {
            int x0 = chunk % _columnBlocks * _columns, x1 = Math.Min(_shape.Output.W, x0 + _columns);
            long first = (long)(chunk / _columnBlocks) * _rows, last = Math.Min(AllRows, first + _rows);
            long tapStride = _weight.Stride;
            float* w = _weight.Pointer;
            if (_isReversed)
            {
                w += (_shape.Taps - 1) * tapStride;
                tapStride = -tapStride;
            }
            for (long i = first; i < last; i++)
            {
                int row = (int)(i % _shape.Output.H), plane = (int)(i / _shape.Output.H % _shape.Output.D);
                long sample = i / _shape.Output.H / _shape.Output.D;
                DepthwiseConv<L, V>.Forward(
                    _shape, _x.Pointer + sample * _shape.Input.Count * _x.Stride, _x.Stride, w, tapStride,
                    _bias.Pointer, _activation, plane, row, x0, x1,
                    _y.Pointer + sample * _shape.Output.Count * _y.Stride, _y.Stride);
            }
        }
    }

    /// <summary>A part of the rows, or of pieces of long rows, for a block of channels.</summary>
    readonly struct DepthwiseGradientJob(DepthwiseShape shape, Rows x, Rows dy, Rows partials, int blocks) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            int part = chunk / blocks, c0 = chunk % blocks * DepthwiseConv<L, V>.ChannelBlock;
            int c1 = Math.Min(shape.Channels, c0 + DepthwiseConv<L, V>.ChannelBlock);
            float* dw = partials.Pointer + part * partials.Stride;
            for (int t = 0; t < shape.Taps; t++)
                new Span<float>(dw + (long)t * shape.Channels + c0, c1 - c0).Clear();
            int pieces = Chunks(shape.Output.W, DepthwisePiece);
            long all = (long)shape.Batch * shape.Output.D * shape.Output.H * pieces;
            for (long i = all * part / partials.Count; i < all * (part + 1) / partials.Count; i++)
            {
                int x0 = (int)(i % pieces) * DepthwisePiece, x1 = Math.Min(shape.Output.W, x0 + DepthwisePiece);
                long line = i / pieces, sample = line / shape.Output.H / shape.Output.D;
                DepthwiseConvGradient<L, V>.Backward(
                    shape, x.Pointer + sample * shape.Input.Count * x.Stride, x.Stride,
                    dy.Pointer + sample * shape.Output.Count * dy.Stride, dy.Stride,
                    (int)(line / shape.Output.H % shape.Output.D), (int)(line % shape.Output.H), x0, x1, c0, c1, dw);
            }
        }
    }
}
