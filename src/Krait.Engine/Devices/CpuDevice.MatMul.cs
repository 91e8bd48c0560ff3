using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>Chunks that a product is split into at least where its shape allows, for several threads.</summary>
    const int WantedChunks = 8;

    /// <summary>The same for products: so many that a thread which ends first waits for a small part only.</summary>
    const int ProductChunks = 32;

    /// <summary>Rows of a part of a product that norms them first: it is cut by rows alone, each is normed once.</summary>
    const int NormedRows = 24;

    public override void PackPanels(Rows b, bool transposed, Rows packed)
    {
        long n = transposed ? b.Count : b.Width;
        int panels = (int)MatMulPack<L, V>.Panels(n);
        _pool.Run(new PackJob(b, transposed, packed, n), Math.Min(panels, WantedChunks));
    }

    public override void MatMul(Rows x, in RowNorm norm, Rows packed, Rows bias, Rows addend, Rows scale,
        Activation activation, Rows y)
    {
        int tiles = Chunks(y.Count, MatMul<L, V>.RowBlock), panels = (int)MatMulPack<L, V>.Panels(y.Width);
        int groups = Math.Min(panels, Chunks(ProductChunks, tiles));
        if (norm.Eps is not null)
            (tiles, groups) = (Math.Max(tiles, Math.Min(ProductChunks, Chunks(y.Count, NormedRows))), 1);
        _pool.Run(new MatMulJob(x, norm, packed, bias, addend, scale, activation, y, tiles, groups), tiles * groups);
    }

    public override void MatMulTransposed(Rows a, Rows b, Rows partials, Rows y)
    {
        int slabs = MatMulSlabs(a.Count, a.Width, b.Width);
        Rows target = slabs == 1 ? y : partials.Reshape((long)slabs * y.Count, y.Width);
        int rowTiles = Chunks(y.Count, SlabRows), columnTiles = Chunks(y.Width, SlabColumns);
        columnTiles = Math.Max(columnTiles, Math.Min(Chunks(y.Width, 64), Chunks(WantedChunks, rowTiles * slabs)));
        rowTiles = Math.Max(rowTiles, Math.Min(Chunks(y.Count, 48), Chunks(WantedChunks, columnTiles * slabs)));
        int chunks = rowTiles * columnTiles * slabs;
        _pool.Run(new TransposedJob(a, b, target, y.Count, rowTiles, columnTiles, slabs), chunks);
        if (slabs > 1)
            _pool.Run(new SumSlabsJob(target, slabs, y), Chunks(y.Count, 64));
    }

    public override void ColumnSum(Rows x, Rows partials, Rows y)
    {
        _pool.Run(new ColumnSumJob(x, partials), (int)partials.Count);
        ColumnSum<L, V>.Forward(partials.Pointer, partials.Stride, partials.Count, x.Width, y.Pointer);
    }

    readonly struct PackJob(Rows b, bool transposed, Rows packed, long n) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long k = packed.Width, panels = MatMulPack<L, V>.Panels(n);
            long parts = Math.Min(panels, WantedChunks);
            MatMulPack<L, V>.Panels(
                b.Pointer, transposed ? 1 : b.Stride, transposed ? b.Stride : 1, k, n,
                panels * chunk / parts, panels * (chunk + 1) / parts, packed.Pointer,
                k * MatMulTile<L, V>.PanelWidth);
        }
    }

    /// <summary>A block of rows by a group of panels.</summary>
    readonly struct MatMulJob(Rows x, RowNorm norm, Rows packed, Rows bias, Rows addend, Rows scale,
        Activation activation, Rows y, int tiles, int groups) : IJob
    {
        /// <summary>Panels between two activation passes, so that what they read is still in a near cache.</summary>
        const long ActivatedPanels = 4;

        public void Run(int chunk, Worker worker)
        {
            long tile = chunk / groups, first = FirstRow(tile), count = FirstRow(tile + 1) - first;
            long panels = MatMulPack<L, V>.Panels(y.Width), group = chunk % groups;
            long p0 = panels * group / groups, p1 = panels * (group + 1) / groups;
            Rows from = norm.Eps is { } eps
                ? Normed(x.Slice(first, count), eps, worker)
                : x.Slice(first, count);
            Rows add = addend.Exists ? addend.Slice(first, count) : default, to = y.Slice(first, count);
            if (activation == Activation.None)
                Product(from, add, to, p0, p1);
            else
                for (long p = p0; p < p1; p += ActivatedPanels)
                    ActivatedProduct(from, add, to, p, Math.Min(p1, p + ActivatedPanels));
        }

        /// <summary>Rows are cut evenly, between tiles of the highest kernel.</summary>
        long FirstRow(long tile)
        {
            long height = MatMulTile<L, V>.MaxRows(2);
            return Math.Min(y.Count, (y.Count + height - 1) / height * tile / tiles * height);
        }

        Rows Normed(Rows rows, float eps, Worker worker)
        {
            var normed = new Rows(worker.Scratch(rows.Count * rows.Width), rows.Count, rows.Width, rows.Width);
            LayerNorm<L, V>.Forward(rows.Pointer, rows.Stride, norm.Weight.Pointer, norm.Bias.Pointer, null, 0, eps,
                rows.Count, rows.Width, null, normed.Pointer, normed.Stride);
            return normed;
        }

        void Product(Rows from, Rows add, Rows to, long p0, long p1) =>
            MatMul<L, V>.Forward(
                from.Pointer, from.Stride, 1, from.Width, packed.Pointer, to.Width, bias.Pointer, add.Pointer,
                add.Stride, 0, to.Count, p0, p1, to.Pointer, to.Stride, scale.Pointer);

        void ActivatedProduct(Rows from, Rows add, Rows to, long p0, long p1)
        {
            Product(from, default, to, p0, p1);
            int n0 = (int)p0 * MatMulTile<L, V>.PanelWidth;
            int width = (int)Math.Min(to.Width - n0, (p1 - p0) * MatMulTile<L, V>.PanelWidth);
            to = to.Channels(n0, width);
            Activate<L, V>.Forward(
                activation, 0.01f, to.Pointer, to.Stride, to.Count, width, to.Pointer, to.Stride);
            if (add.Exists)
                Streams<L, V>.Add(
                    to.Pointer, to.Stride, add.Pointer + n0, add.Stride, to.Count, width, to.Stride, to.Pointer);
        }
    }

    /// <summary>A tile of y over a slab of K.</summary>
    readonly struct TransposedJob(
        Rows a, Rows b, Rows target, long m, int rowTiles, int columnTiles, int slabs) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            int column = chunk % columnTiles, row = chunk / columnTiles % rowTiles;
            long slab = chunk / columnTiles / rowTiles;
            long m0 = m * row / rowTiles, m1 = m * (row + 1) / rowTiles;
            long k0 = a.Count * slab / slabs, k1 = a.Count * (slab + 1) / slabs;
            // Columns are cut between panels.
            long panels = MatMulPack<L, V>.Panels(target.Width), width = MatMulTile<L, V>.PanelWidth;
            long n0 = panels * column / columnTiles * width;
            long n1 = Math.Min(target.Width, panels * (column + 1) / columnTiles * width);
            MatMul<L, V>.Transposed(
                a.Pointer + k0 * a.Stride, a.Stride, b.Pointer + k0 * b.Stride, b.Stride, k1 - k0, m0, m1, m, n0, n1,
                false, worker.Scratch(MatMul<L, V>.TransposedScratchFloats(m1 - m0)),
                target.Pointer + slab * m * target.Stride, target.Stride);
        }
    }

    /// <summary>Adds the slabs' partial sums in their order.</summary>
    readonly struct SumSlabsJob(Rows partials, int slabs, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            Rows to = y.Slice(chunk * 64L, Math.Min(64, y.Count - chunk * 64L));
            float* first = partials.Pointer + chunk * 64L * partials.Stride;
            long slab = y.Count * partials.Stride;
            Streams<L, V>.Copy(first, partials.Stride, to.Count, to.Width, to.Stride, to.Pointer);
            for (int i = 1; i < slabs; i++)
                Streams<L, V>.Add(
                    to.Pointer, to.Stride, first + i * slab, partials.Stride, to.Count, to.Width,
                    to.Stride, to.Pointer);
        }
    }

    readonly struct ColumnSumJob(Rows x, Rows partials) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long size = ColumnSumRows(x.Width), first = chunk * size;
            ColumnSum<L, V>.Forward(
                x.Pointer + first * x.Stride, x.Stride, Math.Min(size, x.Count - first), x.Width,
                partials.Pointer + chunk * partials.Stride);
        }
    }
}
