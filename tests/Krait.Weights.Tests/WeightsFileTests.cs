using System.Text;

namespace Krait.Weights.Tests;

public sealed class WeightsFileTests : TempFolder
{
    [Fact]
    public void The_container_is_known_by_content_and_not_by_name()
    {
        foreach (var (from, container) in new[]
        {
            ("zip_plain.pth", WeightsContainer.PyTorchZip), ("legacy_plain.pth", WeightsContainer.PyTorchLegacy),
            ("zip_plain.pth.expected.safetensors", WeightsContainer.Safetensors),
        })
        {
            File.Copy(GoldenFolder.Checkpoint(from), In("weights.bin"), overwrite: true);
            using var file = WeightsFile.Open(In("weights.bin"));
            Assert.Equal(container, file.Container);
            Assert.NotEmpty(file.Tensors);
        }
    }

    [Fact]
    public void A_header_length_that_begins_like_a_pickle_is_still_safetensors()
    {
        // 0x280 bytes of header: the file begins with 80 02, as pickles of protocol 2 do.
        var tensors = new[] { HostTensor.FromFloat32("a", [1], [7]) };
        var metadata = new Dictionary<string, string> { ["x"] = "" };
        SafetensorsFile.Write(In("w.pth"), tensors, metadata);
        var pad = 0x280 - (int)BitConverter.ToInt64(File.ReadAllBytes(In("w.pth")));
        SafetensorsFile.Write(In("w.pth"), tensors, new Dictionary<string, string> { ["x"] = new('y', pad) });
        Assert.Equal([0x80, 0x02], File.ReadAllBytes(In("w.pth"))[..2]);
        using var file = WeightsFile.Open(In("w.pth"));
        Assert.Equal([7f], file["a"].ToFloat32());
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("<!DOCTYPE html><html>", "web page")]
    [InlineData("\ufeff\n  <html>", "web page")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "git lfs pull")]
    [InlineData("Entry not found", "neither safetensors nor")]
    [InlineData("x", "neither safetensors nor")]
    [InlineData("\x1f\x8b\x08", "gzip")]
    [InlineData("\x89HDF\r\n", "HDF5")]
    [InlineData("7z\xbc\xaf", "packed archive")]
    [InlineData("\x80\x02}.", "bare Python pickle")]
    [InlineData("\x80\x02\u008a\nlü\u009cF\u00f9 j\u00a8P\u0019.\u0080\u0002M\x01\x01.", "version other than 1001")]
    [InlineData("\x80\x02\u008a\nlü\u009cF\u00f9 j\u00a8P\u0019.\u0080\u0002M\xe9\x03.", "ends early")]
    [InlineData("PK\x03\x04", "directory")]
    public void Other_content_says_what_it_is(string content, string says)
    {
        var bytes = content.StartsWith('\ufeff') ? Encoding.UTF8.GetBytes(content) : Encoding.Latin1.GetBytes(content);
        var e = Assert.Throws<WeightsException>(() => WeightsFile.Open(Save("some.pth", bytes)));
        Assert.Contains(says, e.Message);
        Assert.Contains("some.pth", e.Message);
        File.Delete(In("some.pth"));
    }

    [Fact]
    public void Missing_files_and_folders_say_so()
    {
        static string Message(string path) => Assert.Throws<WeightsException>(() => WeightsFile.Open(path)).Message;
        Assert.Contains("no such file", Message(In("none.pth")));
        Assert.Contains("no such file", Message(In("no/ne.pth")));
        Assert.Contains("folder", Message(Folder));
        Assert.Throws<WeightsException>(() => WeightsFile.Open("a\0b"));
        Assert.Throws<WeightsException>(() => WeightsFile.Open(""));
    }

    [Fact]
    public void The_hash_is_that_of_the_whole_file()
    {
        File.Copy(GoldenFolder.Checkpoint("zip_plain.pth"), In("a.pth"));
        using var file = WeightsFile.Open(In("a.pth"));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
            File.ReadAllBytes(In("a.pth")))), file.ComputeSha256());
    }

    [Fact]
    public void A_checkpoint_converted_to_safetensors_keeps_every_bit()
    {
        using var source = WeightsFile.Open(GoldenFolder.Checkpoint("shared_storage.pth"));
        SafetensorsFile.Write(In("c.safetensors"), source.Tensors);
        using var copy = WeightsFile.Open(In("c.safetensors"));
        Assert.Equal(source.Tensors.Select(t => t.ToString()), copy.Tensors.Select(t => t.ToString()));
        Assert.All(source.Tensors, t => Assert.Equal(t.ToBytes(), copy[t.Name].ToBytes()));
    }

    [Fact]
    public void Strided_tensors_are_read_right_from_any_byte_on()
    {
        using var file = WeightsFile.Open(GoldenFolder.Checkpoint("shared_storage.pth"));
        var tensor = file["transposed"];
        var whole = tensor.ToBytes();
        for (var start = 0; start < whole.Length; start += 3)
            foreach (var length in new[] { 1, 2, 5, 17 })
            {
                var part = new byte[Math.Min(length, whole.Length - start)];
                tensor.CopyBytesTo(part, start);
                Assert.Equal(whole.AsSpan(start, part.Length).ToArray(), part);
            }
    }

    /// <summary>Cut at every 64th byte it is refused; with a byte changed it loads or is refused.</summary>
    [Theory]
    [InlineData("zip_plain.pth")]
    [InlineData("zip_deflated.pth")]
    [InlineData("zip_protocol4.pth")]
    [InlineData("legacy_plain.pth")]
    [InlineData("legacy_protocol4.pth")]
    [InlineData("dtypes_legacy.pth")]
    [InlineData("latest.pth")]
    [InlineData("unknown_class.pth")]
    [InlineData("malicious_legacy.pth")]
    [InlineData("dtypes.pth.expected.safetensors")]
    public void Cut_and_changed_files_are_refused_or_load(string name)
    {
        var whole = File.ReadAllBytes(GoldenFolder.Checkpoint(name));
        for (var length = 0; length < whole.Length; length += 64)
            Assert.False(Loads(whole[..length]), $"{name} cut at {length} loads");
        for (var at = 0; at < whole.Length; at += Math.Max(1, whole.Length / 200))
            foreach (var flip in (byte[])[0x01, 0x80, 0xff])
            {
                var changed = whole.ToArray();
                changed[at] ^= flip;
                Loads(changed);
            }
    }

    bool Loads(byte[] bytes)
    {
        try
        {
            using var file = WeightsFile.Open(Save("fuzz.pth", bytes));
            foreach (var tensor in file.Tensors)
                tensor.ToFloat32();
            return true;
        }
        catch (WeightsException)
        {
            return false;
        }
    }
}
