using System.IO.Compression;
using System.Text;
using Krait.Imaging.Transforms;

namespace Krait.Imaging.Tests.Volumes;

public sealed class ArrayFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("<f4", "000000000000803F0000004000004040000080400000A040")]
    [InlineData(">f4", "000000003F8000004000000040400000408000004 0A00000")]
    [InlineData("<f2", "0000003C0040004200440045")]
    [InlineData("|u1", "000102030405")]
    [InlineData("<i2", "000001000200030004000500")]
    [InlineData(">i4", "000000000000000100000002000000030000000400000005")]
    [InlineData("<i8", "000000000000000001000000000000000200000000000000"
        + "030000000000000004000000000000000500000000000000")]
    public void Slices_of_every_type_are_read_row_by_row(string type, string hex)
    {
        byte[] data = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        string path = Npz(("image", Npy(type, "(2, 3)", data)), ("label", Npy("<f4", "(2, 3)", new byte[24])));
        Volume volume = VolumeFile.Read(path);
        Assert.Equal((3, 2, 1, 1),
            (volume.Geometry.Width, volume.Geometry.Height, volume.Geometry.Depth, volume.Channels));
        Assert.Equal([0f, 1, 2, 3, 4, 5], volume.Samples);
        Assert.Equal(new byte[6], VolumeFile.ReadLabels(path).Labels);
        Assert.Equal("case1_slice2", VolumeFile.StemOf("x/case1_slice2.npz"));
        Assert.False(VolumeFile.IsWritable(path));
    }

    [Fact]
    public void Volumes_have_slices_first()
    {
        string path = Npz(("image", Npy("|u1", "(4, 3, 2)", [.. Enumerable.Range(0, 24).Select(i => (byte)i)])));
        VolumeGeometry grid = VolumeFile.Read(path).Geometry;
        Assert.Equal((2, 3, 4), (grid.Width, grid.Height, grid.Depth));
        Assert.Equal([1.0, 1, 1], grid.SpacingMm);
    }

    public static TheoryData<string, string, byte[]> Damaged() => new()
    {
        { "<f4", "(2, 3)", new byte[23] }, { "|O", "(1,)", new byte[8] }, { "<c8", "(2, 2)", new byte[32] },
        { "<f4", "(2, -3)", new byte[24] }, { "<f4", "(99999, 99999)", [] }, { "<f4", "(6,)", new byte[24] },
        { "<f4", "(0, 3)", [] }, { "<f4", "(" + new string('1', 5000) + "x)", [] },
        { "<f4", "(999999999, 999999999, 999999999)", [] }, { "<f4', 'x': '", "(2, 3)", new byte[24] },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void What_is_damaged_too_large_or_of_another_kind_is_refused(string type, string shape, byte[] data)
    {
        string path = Npz(("image", Npy(type, shape, data)));
        Assert.Contains("case.npz", Assert.Throws<ImageFormatException>(() => VolumeFile.Read(path)).Message);
    }

    [Fact]
    public void Files_that_are_no_archives_lack_an_array_or_hold_no_labels_are_refused()
    {
        string path = Npz(("image", Npy("<f4", "(1, 1)", BitConverter.GetBytes(0.5f))),
            ("label", Npy("<f4", "(1, 1)", BitConverter.GetBytes(0.5f))));
        Assert.Contains("whole numbers",
            Assert.Throws<ImageFormatException>(() => VolumeFile.ReadLabels(path)).Message);
        path = Npz(("img", Npy("<f4", "(1, 1)", new byte[4])));
        Assert.Contains("'image' is needed; got img.npy",
            Assert.Throws<ImageFormatException>(() => VolumeFile.Read(path)).Message);
        File.WriteAllText(path, "no archive");
        Assert.Throws<ImageFormatException>(() => VolumeFile.Read(path));
        byte[] fortran = Npy("<f4", "(2, 3)", new byte[24]);
        path = Npz(("image", Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(fortran)
            .Replace("False,", "True, ", StringComparison.Ordinal))));
        Assert.Contains("columns come first", Assert.Throws<ImageFormatException>(() => VolumeFile.Read(path)).Message);
    }

    /// <summary>The nearest element is found as scipy's zoom of order 0 finds it;
    /// the spline is applied slice by slice.</summary>
    [Theory]
    [InlineData(7, 5, 3, 9)]
    [InlineData(16, 16, 7, 7)]
    [InlineData(5, 4, 1, 2)]
    [InlineData(6, 3, 6, 3)]
    public void Slices_are_zoomed_as_scipy_zooms_them(int height, int width, int toHeight, int toWidth)
    {
        VolumeGeometry from = new(width, height, 2, Affine.Scaling(1, 1, 1)), to = from.Resized(toWidth, toHeight, 2);
        var random = new Random(3);
        float[] samples = [.. Enumerable.Range(0, from.Voxels * 3).Select(_ => random.NextSingle())];
        float[] cubic = SliceZoom.Cubic(samples, from, 3, to), nearest = SliceZoom.Nearest(samples, from, 3, to);
        for (int d = 0; d < 2; d++)
            for (int c = 0; c < 3; c++)
            {
                float[] plane = [.. Enumerable.Range(0, height * width)
                    .Select(i => samples[((d * height * width) + i) * 3 + c])];
                float[] Of(float[] values) => [.. Enumerable.Range(0, toHeight * toWidth)
                    .Select(i => values[((d * toHeight * toWidth) + i) * 3 + c])];
                Assert.Equal(NdTransforms.Zoom(plane, [height, width], [toHeight, toWidth], 0), Of(nearest));
                float[] expected = NdTransforms.Zoom(plane, [height, width], [toHeight, toWidth], 3);
                Assert.All(expected.Zip(Of(cubic)), v => Assert.Equal(v.First, v.Second, 1e-5));
            }
    }

    private string Npz(params (string Name, byte[] Npy)[] arrays)
    {
        string path = folder["case.npz"];
        File.Delete(path);
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] npy) in arrays)
        {
            using Stream entry = zip.CreateEntry(name + ".npy").Open();
            entry.Write(npy);
        }

        return path;
    }

    private static byte[] Npy(string type, string shape, byte[] data)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8),
            .. Encoding.ASCII.GetBytes(header), .. data];
    }
}
