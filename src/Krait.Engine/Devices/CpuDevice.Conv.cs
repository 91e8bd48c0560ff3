using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>Outputs of a chunk: enough to use a panel often, few enough for the second cache.</summary>
    const int ConvPixels = 256;

    public override void PackConv(ConvShape shape, Rows weight, Rows packed)
    {
        switch (shape.Algorithm)
        {
            case ConvAlgorithm.Winograd2: PackWinograd<Winograd2>(shape, weight, packed); break;
            case ConvAlgorithm.Winograd4: PackWinograd<Winograd4>(shape, weight, packed); break;
            default: _pool.Run(new PackConvJob(shape, weight, packed), shape.Groups); break;
        }
    }

    public override void Conv(ConvShape shape, Rows x, Rows packed, Rows bias, Rows y)
    {
        switch (shape.Algorithm)
        {
            case ConvAlgorithm.Winograd2: Winograd<Winograd2>(shape, x, packed, bias, y); break;
            case ConvAlgorithm.Winograd4: Winograd<Winograd4>(shape, x, packed, bias, y); break;
            default: DirectConv(shape, x, packed, bias, y); break;
        }
    }

    void DirectConv(ConvShape shape, Rows x, Rows packed, Rows bias, Rows y)
    {
        var job = new ConvJob(shape, x, packed, bias, y);
        _pool.Run(job, job.Count);
    }

    public override void ConvGradient(ConvShape shape, Rows x, Rows dy, Rows partials, Rows dw)
    {
        int parts = ConvGradientParts(shape);
        var job = new ConvGradientJob(shape, x, dy, parts == 1 ? dw : partials, parts);
        _pool.Run(job, job.Count);
        if (parts == 1)
            return;
        Rows line = dw.AsLongRows(), sums = partials.Reshape(parts * line.Count, line.Width);
        _pool.Run(new SumSlabsJob(sums, parts, line), Chunks(line.Count, 64));
    }

    /// <summary>Rows of outputs that one chunk takes.</summary>
    static int ConvRows(in ConvPhase phase) =>
        Math.Clamp(ConvPixels / Math.Max(1, phase.X.Count), 1, Math.Max(1, phase.Y.Count));

    readonly struct PackConvJob(ConvShape shape, Rows weight, Rows packed) : IJob
    {
        public void Run(int group, Worker worker) =>
            Conv<L, V>.Pack(
                shape, weight.Pointer, weight.Stride, group, packed.Pointer + group * Conv<L, V>.PackedFloats(shape));
    }

    /// <summary>Some rows of one plane, sample, phase and group, by some of the panels.</summary>
    readonly struct ConvJob : IJob
    {
        readonly ConvShape _shape;
        readonly Rows _x, _packed, _bias, _y;
        readonly int _phases, _planes, _blocks, _panelGroups;

        public ConvJob(ConvShape shape, Rows x, Rows packed, Rows bias, Rows y)
        {
            (_shape, _x, _packed, _bias, _y) = (shape, x, packed, bias, y);
            _phases = ConvPhase.Count(shape);
            (_planes, _blocks) = (0, 0);
            for (int i = 0; i < _phases; i++)
            {
                ConvPhase phase = ConvPhase.Of(shape, i);
                _planes = Math.Max(_planes, phase.Z.Count);
                _blocks = Math.Max(_blocks, Chunks(phase.Y.Count, ConvRows(phase)));
            }
            int whole = shape.Batch * _phases * _planes * _blocks * shape.Groups;
            _panelGroups = Math.Min(
                (int)MatMulPack<L, V>.Panels(shape.GroupOutputs), Chunks(ProductChunks, Math.Max(1, whole)));
        }

        public int Count => checked(_shape.Batch * _phases * _planes * _blocks * _shape.Groups * _panelGroups);

        public void Run(int chunk, Worker worker)
        {
            int panelGroup = chunk % _panelGroups, group = (chunk /= _panelGroups) % _shape.Groups;
            int block = (chunk /= _shape.Groups) % _blocks, plane = (chunk /= _blocks) % _planes;
            int phaseIndex = (chunk /= _planes) % _phases, sample = chunk / _phases;
            ConvPhase phase = ConvPhase.Of(_shape, phaseIndex);
            int rows = ConvRows(phase), y0 = block * rows, y1 = Math.Min(phase.Y.Count, y0 + rows);
            if (plane >= phase.Z.Count || y0 >= y1 || phase.X.Count == 0)
                return;
            long panels = MatMulPack<L, V>.Panels(_shape.GroupOutputs);
            long inputs = group * (long)_shape.GroupInputs, outputs = group * (long)_shape.GroupOutputs;
            Conv<L, V>.Forward(
                _shape, phase, _x.Pointer + sample * _shape.Input.Count * _x.Stride + inputs, _x.Stride,
                _packed.Pointer + group * Conv<L, V>.PackedFloats(_shape),
                _bias.Exists ? _bias.Pointer + outputs : null,
                plane, y0, y1, panels * panelGroup / _panelGroups, panels * (panelGroup + 1) / _panelGroups,
                worker.Scratch(ConvSlab.Floats(phase, rows, _shape.GroupInputs)),
                _y.Pointer + sample * _shape.Output.Count * _y.Stride + outputs, _y.Stride);
        }
    }

    /// <summary>A part of the pixels for one group and some panels: sums over its rows in their order.</summary>
    readonly struct ConvGradientJob : IJob
    {
        readonly ConvShape _shape;
        readonly Rows _x, _dy, _target;
        readonly int _parts, _panelGroups;
        readonly ConvPhase _phase;

        public ConvGradientJob(ConvShape shape, Rows x, Rows dy, Rows target, int parts)
        {
            (_shape, _x, _dy, _target, _parts) = (shape, x, dy, target, parts);
            _phase = ConvPhase.OfGradient(shape);
            int panels = (int)MatMulPack<L, V>.Panels(shape.GroupOutputs);
            _panelGroups = Math.Min(panels, (WantedChunks - 1) / (parts * shape.Groups) + 1);
        }

        public int Count => _parts * _shape.Groups * _panelGroups;

        public void Run(int chunk, Worker worker)
        {
            int panelGroup = chunk % _panelGroups, group = (chunk /= _panelGroups) % _shape.Groups;
            int part = chunk / _shape.Groups, rows = ConvRows(_phase);
            int blocks = (_phase.Y.Count + rows - 1) / rows;
            long all = (long)_shape.Batch * _phase.Z.Count * blocks;
            long first = all * part / _parts, last = all * (part + 1) / _parts;
            long panels = MatMulPack<L, V>.Panels(_shape.GroupOutputs);
            float* scratch = worker.Scratch(ConvGradient<L, V>.ScratchFloats(_shape, _phase, rows));
            float* dw = _target.Pointer + part * _shape.Taps * _shape.GroupInputs * _shape.OutputChannels
                + (_shape.IsTransposed
                    ? group * (long)_shape.GroupInputs * _shape.GroupOutputs
                    : group * (long)_shape.GroupOutputs);
            for (long i = first; i < last; i++)
            {
                int y0 = (int)(i % blocks) * rows, plane = (int)(i / blocks % _phase.Z.Count);
                long sample = i / blocks / _phase.Z.Count;
                ConvGradient<L, V>.Backward(
                    _shape, _phase,
                    _x.Pointer + sample * _shape.Input.Count * _x.Stride + group * _shape.GroupInputs, _x.Stride,
                    _dy.Pointer + sample * _shape.Output.Count * _dy.Stride + group * _shape.GroupOutputs, _dy.Stride,
                    plane, y0, Math.Min(_phase.Y.Count, y0 + rows), panels * panelGroup / _panelGroups,
                    panels * (panelGroup + 1) / _panelGroups, i > first, scratch, dw);
            }
        }
    }
}
