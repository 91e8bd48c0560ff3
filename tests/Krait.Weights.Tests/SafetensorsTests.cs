using System.Buffers.Binary;
using System.Text;

namespace Krait.Weights.Tests;

public sealed class SafetensorsTests : TempFolder
{
    static HostTensor Counting(string name, params long[] shape) => HostTensor.FromFloat32(name, shape,
        [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => i * 0.5f - 3)]);

    [Fact]
    public void Write_then_read_returns_the_same_tensors_in_order_with_metadata()
    {
        HostTensor[] tensors =
        [
            Counting("b.weight", 3, 2), Counting("a \"quoted\" é", 4), Counting("scalar"), Counting("empty", 0, 3),
            HostTensor.FromInt64("count", [2], [-5, long.MaxValue]),
            HostTensor.FromBytes("flags", [3], DType.BOOL, new byte[] { 1, 0, 1 }),
        ];
        var metadata = new Dictionary<string, string> { ["format"] = "krait", ["text"] = "ü\n\"" };
        SafetensorsFile.Write(In("w.safetensors"), tensors, metadata);
        using var read = SafetensorsFile.Read(In("w.safetensors"));
        Assert.Equal(tensors.Select(t => t.ToString()), read.Tensors.Select(t => t.ToString()));
        Assert.All(tensors, t => Assert.Equal(t.ToBytes(), read[t.Name].ToBytes()));
        Assert.Equal(metadata, read.Metadata);
        Assert.Equal([-5, long.MaxValue], read["count"].ToInt64());
        Assert.Equal([1f, 0f, 1f], read["flags"].ToFloat32());
        Assert.Equal([-3f, -2.5f], read["b.weight"].ToFloat32()[..2]);
        Assert.Single(Directory.GetFiles(Folder));
    }

    [Theory]
    [InlineData(DType.F64, "000000000000F8BF", -1.5f)]
    [InlineData(DType.F32, "0000C0BF", -1.5f)]
    [InlineData(DType.F16, "00BE", -1.5f)]
    [InlineData(DType.F16, "0100", 5.9604645e-8f)]
    [InlineData(DType.BF16, "C0BF", -1.5f)]
    [InlineData(DType.I64, "FEFFFFFFFFFFFFFF", -2f)]
    [InlineData(DType.I32, "FEFFFFFF", -2f)]
    [InlineData(DType.I16, "FEFF", -2f)]
    [InlineData(DType.I8, "FE", -2f)]
    [InlineData(DType.U8, "FE", 254f)]
    [InlineData(DType.BOOL, "01", 1f)]
    public void Every_element_type_converts_to_float32(DType type, string hex, float expected)
    {
        // More than one chunk of 64 KiB, so that chunk boundaries are crossed.
        const int count = 70_001;
        var one = Convert.FromHexString(hex);
        var bytes = new byte[one.Length * count];
        for (var i = 0; i < count; i++)
            one.CopyTo(bytes, i * one.Length);
        var tensor = HostTensor.FromBytes("t", [count], type, bytes);
        Assert.All(tensor.ToFloat32(), x => Assert.Equal(expected, x));
        if (type.IsFloat())
            Assert.Throws<WeightsException>(() => tensor.ToInt64());
        else
            Assert.All(tensor.ToInt64(), x => Assert.Equal((long)expected, x));
    }

    [Theory]
    [InlineData("{}", 0, 1, "describes 0 bytes")]
    [InlineData("[]", 0, 0, "StartObject")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", 8, 0, "JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}x", 8, 0, "JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, 0, "describes 8 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, 0, "needs 12 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, 0, "offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, 0, "offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, 0, "data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", 8, 0, "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1e30],\"data_offsets\":[0,8]}}", 8, 0, "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, 0, "negative")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807,9223372036854775807]," +
        "\"data_offsets\":[0,8]}}", 8, 0, "more elements")]
    [InlineData("{\"a\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, 0, "element type C64")]
    [InlineData("{\"a\":{\"dtype\":\"1\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, 0, "element type 1")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, 0, "needs dtype")]
    [InlineData("{\"a\":5}", 0, 0, "StartObject")]
    [InlineData("{\"__metadata__\":{\"a\":5}}", 0, 0, "String")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}," +
        "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6, 0, "overlaps")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}," +
        "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[4,6]}}", 6, 0, "holes")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}," +
        "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4, 0, "a comes twice")]
    [InlineData("{\"\\ud800\":5}", 0, 0, "bad text")]
    public void Hostile_headers_give_one_clear_message(string json, int dataBytes, int extra, string says)
    {
        var header = Encoding.UTF8.GetBytes(json);
        var bytes = new byte[8 + header.Length + dataBytes + extra];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, 8);
        var e = Assert.Throws<WeightsException>(() => SafetensorsFile.Read(Save("bad.safetensors", bytes)));
        Assert.Contains(says, e.Message);
        Assert.Contains("bad.safetensors", e.Message);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001UL)]
    [InlineData(99_999_999UL)]
    [InlineData((ulong)long.MaxValue)]
    public void Huge_header_lengths_are_refused_before_memory_is_taken(ulong length)
    {
        var bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var path = Save("huge.safetensors", bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<WeightsException>(() => SafetensorsFile.Read(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Reading_a_large_file_takes_memory_for_one_tensor_at_a_time()
    {
        const int count = 1 << 20;
        SafetensorsFile.Write(In("large.safetensors"),
            Enumerable.Range(0, 8).Select(i => HostTensor.FromFloat32($"t{i}", [count], new float[count])));
        var target = new float[count];
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var file = SafetensorsFile.Read(In("large.safetensors"));
        foreach (var tensor in file.Tensors)
            tensor.CopyTo(target);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_whole_and_no_temporary()
    {
        SafetensorsFile.Write(In("w.safetensors"), [Counting("a", 4)]);
        var old = File.ReadAllBytes(In("w.safetensors"));
        using var cut = SafetensorsFile.Read(Save("cut.safetensors", old));
        File.WriteAllBytes(In("cut.safetensors"), old[..^8]);
        var e = Assert.Throws<WeightsException>(() =>
            SafetensorsFile.Write(In("w.safetensors"), [Counting("b", 9), .. cut.Tensors]));
        Assert.Contains("cut short", e.Message);
        Assert.Equal(old, File.ReadAllBytes(In("w.safetensors")));
        Assert.Equal(2, Directory.GetFiles(Folder).Length);
    }

    [NeedsDevFullFact]
    public void A_disk_that_fills_up_gives_one_message_and_leaves_the_old_file_whole()
    {
        // /dev/full refuses every write with "no space left", as a full disk does.
        var e = Assert.Throws<WeightsException>(() => AtomicFile.Write(In("w.safetensors"), stream =>
        {
            stream.Write(new byte[100]);
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            full.Write(new byte[100]);
        }));
        Assert.Contains("No space left", e.Message);
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Fact]
    public void Writing_into_a_missing_folder_or_onto_a_folder_says_so()
    {
        Assert.Throws<WeightsException>(() => SafetensorsFile.Write(In("no/such/w.safetensors"), [Counting("a", 1)]));
        Assert.Throws<WeightsException>(() => SafetensorsFile.Write(Folder, [Counting("a", 1)]));
    }

    [Fact]
    public void Names_that_come_twice_are_not_written()
    {
        var e = Assert.Throws<WeightsException>(() =>
            SafetensorsFile.Write(In("w.safetensors"), [Counting("a", 1), Counting("a", 2)]));
        Assert.Contains("a comes twice", e.Message);
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Fact]
    public void A_shape_that_does_not_fit_the_data_is_refused()
    {
        var e = Assert.Throws<WeightsException>(() => HostTensor.FromFloat32("a", [2, 3], new float[5]));
        Assert.Contains("[2, 3] needs 24 bytes; got 20", e.Message);
    }
}

/// <summary>Skipped where there is no /dev/full.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsDevFullFactAttribute : FactAttribute
{
    public NeedsDevFullFactAttribute()
    {
        if (!File.Exists("/dev/full"))
            Skip = "no /dev/full on this system";
    }
}
