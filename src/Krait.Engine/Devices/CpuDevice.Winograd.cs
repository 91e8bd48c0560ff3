using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>Register tiles of a chunk: enough to use weights often, few enough for the second cache.</summary>
    const int WinogradHeights = 4;

    /// <summary>Fewest outputs of a group of panels; each group transforms the inputs anew.</summary>
    const int GroupChannels = 64;

    void PackWinograd<A>(ConvShape shape, Rows weight, Rows packed) where A : struct, IWinogradAxis
    {
        int panels = (int)MatMulPack<L, V>.Panels(shape.OutputChannels);
        _pool.Run(new PackWinogradJob<A>(shape, weight, packed), panels);
    }

    void Winograd<A>(ConvShape shape, Rows x, Rows packed, Rows bias, Rows y) where A : struct, IWinogradAxis
    {
        var job = new WinogradJob<A>(shape, x, packed, bias, y);
        _pool.Run(job, job.Count);
    }

    readonly struct PackWinogradJob<A>(ConvShape shape, Rows weight, Rows packed) : IJob
        where A : struct, IWinogradAxis
    {
        public void Run(int chunk, Worker worker) => WinogradPack<L, V, A>.Panels(
            shape, weight.Pointer, weight.Stride, chunk, chunk + 1, packed.Pointer);
    }

    /// <summary>Some tiles of one plane by some of the panels.</summary>
    readonly struct WinogradJob<A> : IJob where A : struct, IWinogradAxis
    {
        readonly ConvShape _shape;
        readonly Rows _x, _packed, _bias, _y;
        readonly int _planes, _tiles, _each, _blocks, _panelGroups;

        public WinogradJob(ConvShape shape, Rows x, Rows packed, Rows bias, Rows y)
        {
            (_shape, _x, _packed, _bias, _y) = (shape, x, packed, bias, y);
            _planes = shape.Batch * shape.Output.D;
            _tiles = Winograd<L, V, A>.Tiles(shape);
            _each = WinogradHeights * MatMulTile<L, V>.MaxRows(2);
            _blocks = Chunks(_tiles, _each);
            _panelGroups = Math.Clamp(
                Chunks(ProductChunks, _planes * _blocks), 1, Math.Max(1, shape.OutputChannels / GroupChannels));
        }

        public int Count => checked(_planes * _blocks * _panelGroups);

        public void Run(int chunk, Worker worker)
        {
            int panelGroup = chunk % _panelGroups, block = (chunk /= _panelGroups) % _blocks;
            long plane = chunk / _blocks, panels = MatMulPack<L, V>.Panels(_shape.OutputChannels);
            int first = block * _each, last = Math.Min(_tiles, first + _each);
            Winograd<L, V, A>.Forward(
                _shape, _x.Pointer + plane * _shape.Input.H * _shape.Input.W * _x.Stride, _x.Stride, _packed.Pointer,
                _bias.Pointer, first, last, panels * panelGroup / _panelGroups,
                panels * (panelGroup + 1) / _panelGroups,
                worker.Scratch(Winograd<L, V, A>.ScratchFloats(_shape, _each)),
                _y.Pointer + plane * _shape.Output.H * _shape.Output.W * _y.Stride, _y.Stride);
        }
    }
}
