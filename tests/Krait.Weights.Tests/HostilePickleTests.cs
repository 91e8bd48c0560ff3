using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Krait.Weights.Tests;

/// <summary>Pickles made to exhaust memory, stack or time end in one message, with little memory taken.</summary>
public sealed class HostilePickleTests : TempFolder
{
    const long MemoryBound = 700L << 20;

    int files;

    public static TheoryData<string> Bombs() => [.. Pickles.Keys];

    static readonly Dictionary<string, Func<byte[]>> Pickles = new()
    {
        ["endless lists"] = () => Repeat("]", 6_000_000),
        ["endless dictionaries"] = () => Repeat("}", 6_000_000),
        ["endless marks"] = () => Repeat("(", 6_000_000),
        ["endless memo"] = () => [.. Latin("]"), .. Repeat("\x94", 6_000_000)],
        ["text longer than the file"] = () => Latin("X\xff\xff\xff\x7f"),
        ["bytes of 2^62"] = () => Latin("\x8e\0\0\0\0\0\0\0\x40"),
        ["negative bytes"] = () => Latin("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"),
        ["negative old text"] = () => Latin("T\xff\xff\xff\xff"),
        ["integer of 2 GiB"] = () => Latin("\x8b\xff\xff\xff\x7f"),
        ["negative integer length"] = () => Latin("\x8b\xff\xff\xff\xff"),
        ["empty stack"] = () => Latin("0."),
        ["reduce of nothing"] = () => Latin("R."),
        ["memo that was never set"] = () => Latin("h\x05."),
        ["group that was never begun"] = () => Latin("t."),
        ["append to a number"] = () => Latin("K\x01K\x02a."),
        ["key without value"] = () => Latin("}(K\x01u."),
        ["text of protocol 0"] = () => Latin("S'abc'\n."),
        ["protocol 9"] = () => Latin("\x80\x09]."),
        ["extension registry"] = () => Latin("\x82\x01."),
        ["endless name"] = () => [.. Latin("c"), .. Repeat("a", 100_000), .. Latin("\nb\n.")],
        ["dictionary in itself"] = () => Latin("}q\0K\x01h\0s."),
        ["deep nesting"] = () => [.. Repeat("(", 100_000), .. Repeat("t", 100_000), .. Latin(".")],
        ["billion laughs"] = () => [.. Latin("]"), .. Repeat("2\x86", 1_000), .. Latin(".")],
        ["copies of copies"] = () =>
        [
            .. Latin("](" + new string('N', 1_000_000) + "eq\0" + "c__builtin__\nset\nq\x01"),
            .. Repeat("h\x01h\0\x85R", 100_000), .. Latin("."),
        ],
        ["endless encoding"] = () =>
        [
            .. Latin("X\x40\x42\x0f\0"), .. Repeat("a", 1_000_000), .. Latin("q\0c_codecs\nencode\nq\x01"),
            .. Repeat("h\x01h\0\x85R", 100_000), .. Latin("."),
        ],
        ["tensor class within itself"] = () =>
        [
            .. Latin("ctorch._tensor\n_rebuild_from_type_v2\nq\0)q\x01"),
            .. Repeat("h\0Nh\x01\x87q\x01", 100_000), .. Latin("0h\0h\x01R."),
        ],
        ["tensor without storage"] = () => Latin("ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x02K\x03K\x04tR."),
        ["storage class unknown"] = () =>
            Latin("(X\x07\0\0\0storagecos\nsystem\nX\u0001\0\0\u00000X\x03\0\0\0cpuK\x01tQ."),
        ["persistent id that is none"] = () => Latin("K\x01Q."),
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Hostile_pickles_end_in_one_message(string name)
    {
        var pickle = Pickles[name]();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<WeightsException>(() => WeightsFile.Open(Zip(("a/data.pkl", [0x80, 2, .. pickle]))));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MemoryBound);
        Assert.Contains("hostile.pth", e.Message);
        // It was stopped by a bound and not by its own end.
        if (name.StartsWith("endless", StringComparison.Ordinal))
            Assert.DoesNotContain("ends early", e.Message);
        Assert.InRange(e.Message.Length, 30, 400);
    }

    [Fact]
    public void Views_that_repeat_or_leave_their_storage_are_refused()
    {
        Assert.Equal([5f, 5f, 5f], Tensor(1, 0, [3], [0])["tensor"].ToFloat32());
        Assert.Equal([5f], Tensor(1, 0, [1], [99])["tensor"].ToFloat32());
        foreach (var (offset, shape, stride) in new[]
        {
            (1L, 1L, 1L), (0, 2, 1), (0, 2, long.MaxValue), (0, 2, -1), (-1, 1, 1), (0, -1, 1),
            (0, long.MaxValue / 16, 0), (0, long.MaxValue, 1), (long.MaxValue, 1, 1),
        })
            Assert.Throws<WeightsException>(() => Tensor(1, offset, [shape], [stride]));
        Assert.Throws<WeightsException>(() => Tensor(1, 0, [1], [1, 1]));
        Assert.Throws<WeightsException>(() => Tensor(1, 0, new long[65], new long[65]));
        Assert.Throws<WeightsException>(() => Tensor(-1, 0, [0], [1]));
        Assert.Throws<WeightsException>(() => Tensor(long.MaxValue, 0, [1], [1]));
    }

    [Fact]
    public void Attributes_of_unknown_objects_stay_closed_and_their_names_are_reported()
    {
        using var file = Open(Latin("}(X\x01\0\0\0w" + TensorPickle(1, 0, [1], [1])[2..^1]
            + "X\x01\0\0\0xcsome.lib\nThing\n)\x81}X\x01\0\0\0hK\x01sbX\x01\0\0\0nK\x07u."));
        Assert.Equal(["w"], file.Tensors.Select(t => t.Name));
        Assert.Equal(["some.lib.Thing"], file.InertNames);
        Assert.Equal("""{"n":7}""", file.PlainValues!.ToJsonString());
    }

    [Fact]
    public void Compressed_entries_that_unpack_without_end_are_refused()
    {
        var zip = File.ReadAllBytes(Zip(("a/data.pkl", Latin("\x80\x02" + TensorPickle(1, 0, [1], [1])[2..])),
            ("a/data/0", new byte[4])));
        var entry = zip.AsSpan().LastIndexOf("a/data/0"u8) - 46;
        BinaryPrimitives.WriteInt16LittleEndian(zip.AsSpan(entry + 10), 8);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(entry + 24), 0xfffffffe);
        var local = zip.AsSpan().IndexOf("a/data/0"u8) - 30;
        BinaryPrimitives.WriteInt16LittleEndian(zip.AsSpan(local + 8), 8);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<WeightsException>(() => WeightsFile.Open(Save("hostile.pth", zip)));
        Assert.Contains("unpack", e.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    TensorFile Tensor(long count, long offset, long[] shape, long[] stride) =>
        Open(Latin(TensorPickle(count, offset, shape, stride)));

    TensorFile Open(byte[] pickle) => WeightsFile.Open(Zip(("a/data.pkl", pickle), ("a/data/0", [0, 0, 0xa0, 0x40])));

    /// <summary>A pickle of one float32 tensor of storage "0".</summary>
    static string TensorPickle(long count, long offset, long[] shape, long[] stride) => "\x80\x02"
        + "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpu"
        + Long(count) + "tQ" + Long(offset) + "(" + string.Concat(shape.Select(Long)) + "t("
        + string.Concat(stride.Select(Long)) + "t\x89NtR.";

    static string Long(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return "\x8a\x08" + Encoding.Latin1.GetString(bytes);
    }

    static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    static byte[] Repeat(string text, int count)
    {
        var bytes = new byte[text.Length * count];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)text[i % text.Length];
        return bytes;
    }

    string Zip(params (string Name, byte[] Bytes)[] entries)
    {
        var path = In($"{++files}.hostile.pth");
        using (var stream = File.Create(path))
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
            foreach (var (name, bytes) in entries)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        return path;
    }
}
