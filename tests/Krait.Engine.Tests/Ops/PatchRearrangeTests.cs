using Krait.Engine.Ops;

namespace Krait.Engine.Tests.Ops;

public sealed class PatchRearrangeTests
{
    [Theory]
    [InlineData(2, 6, 4, 5, 2, PatchOrder.ColumnFirst)]
    [InlineData(1, 5, 7, 3, 2, PatchOrder.ColumnFirst)]
    [InlineData(2, 9, 10, 1, 4, PatchOrder.RowFirst)]
    public void Patches_become_channels(int b, int h, int w, int c, int side, PatchOrder order) =>
        new OpCheck().Run([new Shape(b, h, w, c)], x => SpaceToDepth.Apply(x[0], side, order), x =>
        {
            int ph = h / side, pw = w / side;
            var y = new double[b * ph * pw * side * side * c];
            Visit(b, ph, pw, c, side, order, h, w, (space, depth) => y[depth] = x[0][space]);
            return y;
        });

    [Theory]
    [InlineData(2, 3, 2, 5, 2, PatchOrder.RowFirst)]
    [InlineData(1, 2, 3, 3, 4, PatchOrder.RowFirst)]
    [InlineData(1, 3, 1, 2, 2, PatchOrder.ColumnFirst)]
    public void Channels_become_patches(int b, int ph, int pw, int c, int side, PatchOrder order) =>
        new OpCheck().Run([new Shape(b, ph, pw, c * side * side)], x => DepthToSpace.Apply(x[0], side, order), x =>
        {
            var y = new double[b * ph * pw * side * side * c];
            Visit(b, ph, pw, c, side, order, ph * side, pw * side, (space, depth) => y[space] = x[0][depth]);
            return y;
        });

    static void Visit(int b, int ph, int pw, int c, int side, PatchOrder order, int h, int w, Action<int, int> pair)
    {
        for (int n = 0; n < b; n++)
            for (int i = 0; i < ph * side; i++)
                for (int j = 0; j < pw * side; j++)
                    for (int k = 0; k < c; k++)
                    {
                        (int p, int q) = (i % side, j % side);
                        int slot = order == PatchOrder.RowFirst ? (p * side) + q : (q * side) + p;
                        int space = (((((n * h) + i) * w) + j) * c) + k;
                        int patch = (((n * ph) + (i / side)) * pw) + (j / side);
                        pair(space, (((patch * side * side) + slot) * c) + k);
                    }
    }
}
