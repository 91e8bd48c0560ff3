namespace Krait.Imaging.Tests.Volumes;

/// <summary>What is written is what is read, the grid included.</summary>
public sealed class NiftiWriteTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("v.nii", 1)]
    [InlineData("v.nii.gz", 3)]
    public void Volumes_come_back(string name, int channels)
    {
        Affine affine = new([-1.1, 0.05, 0, 90, 0.04, 1.2, 0.1, -126, 0, 0.08, 2.5, -72]);
        Random random = new(1);
        float[] samples = [.. Enumerable.Range(0, 5 * 4 * 3 * channels).Select(_ => random.NextSingle() - 0.5f)];
        VolumeFile.Write(folder[name], new Volume(new VolumeGeometry(5, 4, 3, affine), channels, samples));
        Volume back = VolumeFile.Read(folder[name]);
        Assert.Equal(channels, back.Channels);
        Assert.Equal(samples, back.Samples);
        Assert.True(back.Geometry.IsNear(new VolumeGeometry(5, 4, 3, affine), 1e-5), back.Geometry.Affine.ToString());
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(folder[name])!));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    [InlineData(0, 3)]
    [InlineData(0, 0)]
    public void Labels_are_written_with_the_words_of_the_image(int qform, int sform)
    {
        TestNifti image = new()
        {
            Pixdim = [-1, 2, 3, 4],
            Quaternion = [0.1, 0.2, 0.3, 10, 20, 30],
            Srow = [0, 0, 5, 1, 6, 0, 0, 2, 0, 7, 0, 3],
            QformCode = qform,
            SformCode = sform,
        };
        var geometry = VolumeFile.ReadHeader(folder.Write("image.nii", image.Bytes())).Geometry;
        byte[] labels = [.. Enumerable.Range(0, 24).Select(i => (byte)(i % 3))];
        VolumeFile.Write(folder["labels.nii"], new LabelVolume(geometry, labels));
        Assert.Equal(labels, VolumeFile.ReadLabels(folder["labels.nii"]).Labels);
        byte[] from = image.Bytes(), to = File.ReadAllBytes(folder["labels.nii"]);
        Assert.Equal(from[76..92], to[76..92]);
        Assert.Equal(from[252..328], to[252..328]);
        Assert.Equal("uint8", VolumeFile.ReadHeader(folder["labels.nii"]).ElementType);
        Assert.Equal(geometry.Affine.ToArray(), VolumeFile.ReadHeader(folder["labels.nii"]).Geometry.Affine.ToArray());
    }

    [Fact]
    public void Long_axes_take_version_2()
    {
        VolumeGeometry geometry = new(40000, 1, 1, Affine.Scaling(0.5, 2, 3));
        VolumeFile.Write(folder["long.nii.gz"], new LabelVolume(geometry, new byte[40000]));
        VolumeHeader header = VolumeFile.ReadHeader(folder["long.nii.gz"]);
        Assert.Equal((2, 40000), (header.Version, header.Geometry.Width));
        Assert.Equal(geometry.Affine.ToArray(), header.Geometry.Affine.ToArray());
    }

    [Fact]
    public void The_qform_of_a_grid_says_what_its_affine_says()
    {
        // Every turn of the axes, and some between, with the sform taken out of the file.
        foreach (double[] rows in Turns())
        {
            VolumeFile.Write(folder["q.nii"], new LabelVolume(new VolumeGeometry(1, 1, 1, new Affine(rows)), [0]));
            byte[] file = File.ReadAllBytes(folder["q.nii"]);
            (file[254], file[255]) = (0, 0);
            var got = VolumeFile.ReadHeader(folder.Write("q2.nii", file)).Geometry.Affine;
            Assert.True(got.IsNear(new Affine(rows), 1e-5), $"{got} instead of {new Affine(rows)}");
        }
    }

    private static IEnumerable<double[]> Turns()
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        foreach (int[] order in orders)
        {
            for (int signs = 0; signs < 8; signs++)
            {
                double[] rows = new double[12];
                for (int axis = 0; axis < 3; axis++)
                {
                    rows[(order[axis] * 4) + axis] = ((signs >> axis & 1) == 0 ? 1 : -1) * (axis + 0.5);
                }

                yield return rows;
            }
        }

        var (sin, cos) = Math.SinCos(0.3);
        yield return [cos * 2, -sin * 3, 0, 1, sin * 2, cos * 3, 0, 2, 0, 0, 4, 3];
        yield return [-cos, 0, sin, 1, 0, -1, 0, 2, sin, 0, cos, 3];
    }
}
