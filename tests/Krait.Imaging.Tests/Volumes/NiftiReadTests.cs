namespace Krait.Imaging.Tests.Volumes;

/// <summary>Element types, byte orders, versions, scaling and the place of the grid.</summary>
public sealed class NiftiReadTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<int, string, double[]> Types => new()
    {
        { 2, "uint8", [0, 1, 200, 255] },
        { 256, "int8", [-128, -1, 0, 127] },
        { 4, "int16", [-32768, -1, 0, 32767] },
        { 512, "uint16", [0, 1, 40000, 65535] },
        { 8, "int32", [-16777216, -1, 0, 16777216] },
        { 768, "uint32", [0, 1, 65536, 4294967040] },
        { 1024, "int64", [-16777216, -1, 0, 16777216] },
        { 1280, "uint64", [0, 1, 65536, 16777216] },
        { 16, "float32", [-1.5, 0, 0.125, 3e30] },
        { 64, "float64", [-1.5, 0, 0.125, 1e-20] },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_element_type_is_read_in_both_byte_orders_and_versions(int type, string name, double[] values)
    {
        foreach (int version in new[] { 1, 2 })
        {
            foreach (bool isBigEndian in new[] { false, true })
            {
                TestNifti file = new()
                {
                    Version = version,
                    IsBigEndian = isBigEndian,
                    Type = type,
                    Dims = [3, 2, 2, 1, 1, 1, 1, 1],
                    Values = values
                };
                string path = folder.Write("x.nii", file.Bytes());
                VolumeHeader header = VolumeFile.ReadHeader(path);
                Assert.Equal((name, isBigEndian, version), (header.ElementType, header.IsBigEndian, header.Version));
                Assert.Equal(Array.ConvertAll(values, v => (float)v), VolumeFile.Read(path).Samples);
            }
        }
    }

    [Theory]
    [InlineData(0.25, -50, 0.25, -50)]
    [InlineData(0, 7, 1, 0)]
    [InlineData(double.NaN, 7, 1, 0)]
    [InlineData(-2, 0, -2, 0)]
    public void Slope_and_intercept_scale_unless_the_slope_is_0(double slope, double intercept, double by, double plus)
    {
        TestNifti file = new() { Type = 4, Slope = slope, Intercept = intercept };
        Volume volume = VolumeFile.Read(folder.Write("x.nii", file.Bytes()));
        Assert.Equal([.. file.Values.Select(v => (float)((v * by) + plus))], volume.Samples);
    }

    [Fact]
    public void Axes_beyond_the_third_become_channels_of_each_voxel()
    {
        TestNifti file = new()
        {
            Dims = [5, 2, 2, 1, 1, 3, 1, 1],
            Values = [1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400]
        };
        Volume volume = VolumeFile.Read(folder.Write("x.nii.gz", TestNifti.Gz(file.Bytes())));
        Assert.Equal(3, volume.Channels);
        Assert.Equal([1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400], volume.Samples);
    }

    [Fact]
    public void Compression_is_found_by_the_bytes_and_a_picture_of_two_axes_has_one_slice()
    {
        byte[] bytes = new TestNifti { Dims = [2, 6, 4, 0, 0, 0, 0, 0] }.Bytes();
        foreach (string path in new[] { folder.Write("plain.nii.gz", bytes),
            folder.Write("packed.nii", TestNifti.Gz(bytes)) })
        {
            Volume volume = VolumeFile.Read(path);
            Assert.Equal((6, 4, 1), (volume.Geometry.Width, volume.Geometry.Height, volume.Geometry.Depth));
            Assert.Equal(23, volume.Samples[^1]);
        }
    }

    [Fact]
    public void Header_and_voxels_may_lie_in_two_files()
    {
        byte[] all = new TestNifti
        {
            Magic = "ni1\0",
            Offset = 0,
            SformCode = 1,
            Srow = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
        }.Bytes();
        string header = folder.Write("pair.hdr", all[..352]);
        Assert.Contains("pair.img", Assert.Throws<ImageFormatException>(() => VolumeFile.Read(header)).Message);
        folder.Write("pair.img", all[352..]);
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (float)i), VolumeFile.Read(header).Samples);
    }

    [Fact]
    public void The_sform_comes_before_the_qform_and_the_qform_before_voxel_sizes()
    {
        TestNifti file = new()
        {
            Pixdim = [-1, 2, 3, 4],
            Quaternion = [0, 0, 1, 10, 20, 30],
            Srow = [0, 0, 5, 1, 6, 0, 0, 2, 0, 7, 0, 3],
            QformCode = 1,
            SformCode = 1,
        };
        Assert.Equal("ASR", Codes(file));
        Assert.Equal([5, 7, 6], Geometry(file).SpacingMm);
        Assert.Equal([0, 0, 5, 1, 6, 0, 0, 2, 0, 7, 0, 3], Geometry(file).Affine.ToArray());

        // d = 1 turns by 180 degrees about z: x and y grow to the left and to the back; a negative qfac turns z round.
        var turned = Geometry(Of(file, 1, 0));
        Assert.Equal([-2, 0, 0, 10, 0, -3, 0, 20, 0, 0, -4, 30], turned.Affine.ToArray());
        Assert.Equal([4, 3, 2], turned.SpacingMm);

        Assert.Equal([-2, 0, 0, 3, 0, 3, 0, -3, 0, 0, 4, -2], Geometry(Of(file, 0, 0)).Affine.ToArray());
    }

    [Theory]
    [InlineData(1, 1000)]
    [InlineData(2, 1)]
    [InlineData(3, 0.001)]
    [InlineData(10, 1)]
    [InlineData(0, 1)]
    public void Lengths_become_millimetres(int units, double factor)
    {
        var spacing = Geometry(new TestNifti { Units = units, Pixdim = [1, 2, 3, 4] }).SpacingMm;
        Assert.Equal(4 * factor, spacing[0], 1e-9);
        Assert.Equal(2 * factor, spacing[2], 1e-9);
    }

    [Fact]
    public void Labels_must_be_whole_numbers_up_to_255()
    {
        string good = folder.Write("good.nii", new TestNifti { Type = 16 }.Bytes());
        Assert.Equal(23, VolumeFile.ReadLabels(good).Labels[^1]);
        foreach (double wrong in new[] { -1, 0.5, 256, double.NaN })
        {
            string path = folder.Write("wrong.nii",
                new TestNifti { Type = 16, Values = [.. new double[23], wrong] }.Bytes());
            Assert.Contains("voxel 23", Assert.Throws<ImageFormatException>(() => VolumeFile.ReadLabels(path)).Message);
        }
    }

    private static TestNifti Of(TestNifti file, int qform, int sform) => new()
    { Pixdim = file.Pixdim, Quaternion = file.Quaternion, Srow = file.Srow, QformCode = qform, SformCode = sform };

    private VolumeGeometry Geometry(TestNifti file) =>
        VolumeFile.ReadHeader(folder.Write("g.nii", file.Bytes())).Geometry;

    private string Codes(TestNifti file) => Geometry(file).Affine.AxisCodes;
}
