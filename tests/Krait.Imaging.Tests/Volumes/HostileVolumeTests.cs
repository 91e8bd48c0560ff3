using System.Diagnostics;

namespace Krait.Imaging.Tests.Volumes;

/// <summary>Volumes that lie or are damaged: one ImageFormatException with the file's name, no memory of the size that
/// they claim.</summary>
public sealed class HostileVolumeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Damaged => [.. Cases().Select(c => c.Name)];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_damaged_header_is_refused_with_a_reason(string name)
    {
        var (_, file, reason) = Cases().Single(c => c.Name == name);
        foreach (byte[] bytes in new[] { file, TestNifti.Gz(file) })
        {
            string path = folder.Write("bad.nii", bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Stopwatch watch = Stopwatch.StartNew();
            string message = Assert.Throws<ImageFormatException>(() => VolumeFile.Read(path)).Message;
            Assert.StartsWith("bad.nii: ", message, StringComparison.Ordinal);
            Assert.Contains(reason, message, StringComparison.Ordinal);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
            Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
        }
    }

    [Fact]
    public void Cut_off_files_are_refused_wherever_they_end()
    {
        byte[] plain = new TestNifti().Bytes(), packed = TestNifti.Gz(plain);
        for (int length = 0; length < plain.Length; length += 3)
        {
            AssertOnlyImageFormatException(plain[..length], mustFail: true);
        }

        for (int length = 0; length < packed.Length - 8; length++)
        {
            AssertOnlyImageFormatException(packed[..length], mustFail: true);
        }
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_read_but_never_crash()
    {
        Random random = new(5);
        foreach (byte[] file in new[]
            { new TestNifti().Bytes(), new TestNifti { Version = 2, IsBigEndian = true }.Bytes(),
                TestNifti.Gz(new TestNifti().Bytes()) })
        {
            for (int i = 0; i < 1500; i++)
            {
                byte[] damaged = [.. file];
                for (int n = 0; n < 1 + (i % 3); n++)
                {
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                }

                AssertOnlyImageFormatException(damaged, mustFail: false);
            }
        }
    }

    [Fact]
    public void A_wrong_sum_of_a_compressed_file_is_noticed()
    {
        byte[] packed = TestNifti.Gz(new TestNifti().Bytes());
        packed[^8] ^= 1;
        AssertOnlyImageFormatException(packed, mustFail: true);
    }

    [Fact]
    public void The_limit_is_an_option_and_a_failed_write_leaves_the_old_file()
    {
        string path = folder.Write("x.nii", new TestNifti().Bytes());
        Assert.Contains("--max-pixels", Assert.Throws<ImageFormatException>(
            () => VolumeFile.Read(path, new ImageReadOptions { MaxPixels = 23 })).Message);
        Assert.Equal(24, VolumeFile.Read(path, new ImageReadOptions { MaxPixels = 24 }).Samples.Length);
        Directory.CreateDirectory(folder["taken.nii"]);
        VolumeGeometry one = new(1, 1, 1, Affine.Scaling(1, 1, 1));
        Assert.ThrowsAny<Exception>(() => VolumeFile.Write(folder["taken.nii"], new LabelVolume(one, [1])));
        Assert.Equal(2, Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!).Length);
    }

    private static IEnumerable<(string Name, byte[] File, string Reason)> Cases()
    {
        yield return ("empty", [], "empty");
        yield return ("text", "this is no volume at all, only some words"u8.ToArray(), "not a NIfTI volume");
        yield return ("no mark", new TestNifti { Magic = "abc\0" }.Bytes(), "mark");
        yield return ("no axes", new TestNifti { Dims = [0, 4, 3, 2, 1, 1, 1, 1] }.Bytes(), "1 to 7 axes");
        yield return ("eight axes", new TestNifti { Dims = [8, 4, 3, 2, 1, 1, 1, 1] }.Bytes(), "1 to 7 axes");
        yield return ("axis of none", new TestNifti { Dims = [3, 4, 0, 2, 1, 1, 1, 1] }.Bytes(), "4x0x2");
        yield return ("axis below 0", new TestNifti { Dims = [3, 4, -3, 2, 1, 1, 1, 1] }.Bytes(), "4x-3x2");
        yield return ("huge", new TestNifti { Dims = [3, 30000, 30000, 30000, 1, 1, 1, 1] }.Bytes(), "--max-pixels");
        yield return ("beyond 64 bits", new TestNifti
        { Version = 2, Dims = [4, 1L << 40, 1L << 40, 1L << 40, 1L << 40, 1, 1, 1] }.Bytes(), "--max-pixels");
        yield return ("claims more than it has", new TestNifti { Dims = [3, 500, 500, 500, 1, 1, 1, 1] }.Bytes(),
            "cannot hold");
        yield return ("unknown type", new TestNifti { Type = 7 }.Bytes(), "element type 7");
        yield return ("complex", new TestNifti { Type = 32 }.Bytes(), "complex64");
        yield return ("voxels inside the header", new TestNifti { Offset = 0 }.Bytes(), "behind the header");
        yield return ("voxels far away", new TestNifti { Offset = 2e9 }.Bytes(), "cannot hold");
        yield return ("offset no number", new TestNifti { Offset = double.NaN }.Bytes(), "behind the header");
        yield return ("flat sform", new TestNifti { SformCode = 1 }.Bytes(), "sform");
        yield return ("sform no number", new TestNifti
        { SformCode = 1, Srow = [1, 0, 0, double.NaN, 0, 1, 0, 0, 0, 0, 1, 0] }.Bytes(), "sform");
        yield return ("qform no number",
            new TestNifti { QformCode = 1, Quaternion = [double.NaN, 0, 0, 0, 0, 0] }.Bytes(), "qform");
        yield return ("size no number", new TestNifti { Pixdim = [1, double.PositiveInfinity, 1, 1] }.Bytes(),
            "voxel size");
        yield return ("intercept no number", new TestNifti { Slope = 2, Intercept = double.NaN }.Bytes(), "intercept");
    }

    private void AssertOnlyImageFormatException(byte[] file, bool mustFail)
    {
        string path = folder.Write("damaged.nii", file);
        Exception? e = Record.Exception(() => VolumeFile.Read(path));
        Assert.True(e is ImageFormatException || (e is null && !mustFail), $"{file.Length} bytes: {e}");
    }
}
