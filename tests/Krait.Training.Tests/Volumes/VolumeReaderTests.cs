using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Volumes;

public sealed class VolumeReaderTests : IDisposable
{
    private static readonly Preprocessing Plain =
        new() { Patch = new Extent(8, 8, 8), Channels = 1, Normalization = Normalization.Standardize };

    private static readonly MaskCoding Coding = new()
    { Kind = MaskKind.Index, Classes = [new("background", default, 0), new("a", default, 1), new("b", default, 2)] };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_order_in_which_a_file_holds_its_axes_does_not_matter()
    {
        var (image, labels) = SyntheticVolumes.Draw(3);
        var direct = (PreparedVolume)Read(Plain, image, labels);
        // The same voxels with columns to the feet, rows to the left, slices to the front.
        var (width, height, depth) = (10, 14, 12);
        var affine = new Affine([0, -1, 0, 13, 0, 0, 1, 0, -1.5, 0, 0, 13.5]);
        var grid = new VolumeGeometry(width, height, depth, affine);
        var samples = new float[grid.Voxels];
        var values = new byte[grid.Voxels];
        for (int i = 0; i < samples.Length; i++)
        {
            int column = i % width, row = i / width % height, slice = i / (width * height);
            int from = ((9 - column) * 12 + slice) * 14 + (13 - row);
            (samples[i], values[i]) = (image.Samples[from], labels.Labels[from]);
        }
        var turned = (PreparedVolume)Read(Plain, new Volume(grid, 1, samples), new LabelVolume(grid, values));
        Assert.Equal((direct.Size, direct.Spacing), (turned.Size, turned.Spacing));
        Assert.Equal(direct.Target, turned.Target);
        for (int i = 0; i < direct.Image.Length; i++) Assert.Equal(direct.Image[i], turned.Image[i], 1e-5f);
    }

    [Fact]
    public void Volumes_are_brought_to_the_voxel_size_and_back()
    {
        var (image, labels) = SyntheticVolumes.Draw(3);
        var p = Plain with { Spacing = new VoxelSize(0.75, 1, 2) };
        var volume = (PreparedVolume)Read(p, image, labels);
        Assert.Equal(new Extent(20, 12, 7), volume.Size);
        Assert.Equal(new VoxelSize(0.75, 1, 2), volume.Spacing);
        Assert.Equal([0f, 1, 2], volume.Target.Distinct().Order());
        var grid = new VolumeGrid(image.Geometry, p.Spacing);
        byte[] there = grid.ToNetwork(labels.Labels);
        float[] back = grid.ToNativeAxes(grid.ToNativeSize(Array.ConvertAll(there, v => (float)v), 1), 1);
        int same = Enumerable.Range(0, back.Length).Count(i => (int)MathF.Round(back[i]) == labels.Labels[i]);
        Assert.InRange(same / (double)back.Length, 0.94, 1);
    }

    [Fact]
    public void A_linear_ramp_keeps_its_place_when_resampled()
    {
        var grid = new VolumeGeometry(8, 6, 4, Affine.Scaling(2, 2, 2));
        float[] ramp = [.. Enumerable.Range(0, grid.Voxels).Select(i => (float)(i / 48))];
        var finer = new VolumeGrid(grid, new VoxelSize(1, 2, 2));
        float[] got = finer.ToNetwork(ramp, 1);
        Assert.Equal([0, 0.25f, 0.75f, 1.25f, 1.75f, 2.25f, 2.75f, 3], Enumerable.Range(0, 8).Select(d => got[d * 48]));
        Assert.Equal(-0.5, finer.Network.Affine[2, 3], 1e-9);
    }

    [Fact]
    public void Normalisation_is_by_channel_and_ct_is_by_the_training_volumes()
    {
        var p = Plain with { Channels = 2 };
        float[] two = [1, 10, 3, 30];
        p.NormalizeVolume(two);
        Assert.Equal([-1, -1, 1, 1], two);
        float[] ct = [-2000, 50, 2000];
        (Plain with { Normalization = Normalization.Ct, Ct = new CtRange(-100, 200, 50, 25) }).NormalizeVolume(ct);
        Assert.Equal([-6, 0, 6], ct);
        float[] foreground = [.. Enumerable.Range(0, 1001).Select(i => (float)i)];
        var range = CtRange.Of(foreground);
        Assert.Equal((5, 995, 500), (range.Low, range.High, range.Mean));
        Assert.Equal(288.96, range.Deviation, 0.01);
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        var (image, labels) = SyntheticVolumes.Draw(3);
        string Message(Preprocessing p, Volume i, LabelVolume l) =>
            Assert.Throws<ConfigException>(() => Read(p, i, l)).Message;
        Assert.Contains("13x12x10", Message(Plain, image, SyntheticVolumes.Draw(3, width: 13).Labels));
        var mirrored = SyntheticVolumes.Draw(3, Affine.Scaling(-1, 1, 1.5)).Labels;
        Assert.Contains("RAS and LAS", Message(Plain, image, mirrored));
        Assert.Contains("channels", Message(Plain with { Channels = 2 }, image, labels));
        var strange = new Volume(image.Geometry, 1, [float.NaN, .. image.Samples[1..]]);
        Assert.Contains("finite", Message(Plain, strange, labels));
        Assert.Contains("value 7", Message(Plain, image, new LabelVolume(labels.Geometry, [7, .. labels.Labels[1..]])));
    }

    private PreparedSample Read(Preprocessing p, Volume image, LabelVolume labels)
    {
        VolumeFile.Write(folder["i.nii"], image);
        VolumeFile.Write(folder["l.nii"], labels);
        return new VolumeReader(p, Coding).Read(new Sample("s", folder["i.nii"], folder["l.nii"]));
    }
}
