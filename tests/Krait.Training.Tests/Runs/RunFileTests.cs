using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Krait.Training.Config;
using Krait.Training.Runs;

namespace Krait.Training.Tests.Runs;

public sealed class RunFileTests
{
    [Fact]
    public void Crc_is_castagnolis() => Assert.Equal(0xE3069283u, EventFile.Crc32C("123456789"u8));

    [Fact]
    public void Event_file_starts_as_tensorboard_expects_and_holds_the_scalars()
    {
        using var folder = new TemporaryFolder();
        string path = folder["events.out.tfevents.1.krait"];
        using (var events = EventFile.Open(path, null))
        {
            events.Add(1, 100.5, [new("loss/train", 0.75), new("dice/val", 0.5)]);
            events.Add(2, 101.5, [new("loss/train", 0.5)]);
        }
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal("1800000000000000a37f4b22", Convert.ToHexString(bytes.AsSpan(0, 12)).ToLowerInvariant());
        Assert.Contains("brain.Event:2", Encoding.Latin1.GetString(bytes));
        var read = Scalars(bytes);
        Assert.Equal([(1, "loss/train", 0.75f), (1, "dice/val", 0.5f), (2, "loss/train", 0.5f)], read);
    }

    [Fact]
    public void Event_file_is_cut_on_resume_also_when_its_end_is_torn()
    {
        using var folder = new TemporaryFolder();
        string path = folder["events"];
        using (var events = EventFile.Open(path, null))
            for (int step = 1; step <= 5; step++) events.Add(step, step, [new("x", step)]);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^3]);
        using (var events = EventFile.Open(path, lastStep: 3)) events.Add(4, 4, [new("x", 40)]);
        Assert.Equal([(1, "x", 1f), (2, "x", 2f), (3, "x", 3f), (4, "x", 40f)], Scalars(File.ReadAllBytes(path)));
    }

    [Fact]
    public void Metrics_table_is_flushed_each_row_and_cut_on_resume()
    {
        using var folder = new TemporaryFolder();
        string path = folder["metrics.csv"];
        using (var table = MetricsTable.Open(path, ["epoch", "loss"]))
        {
            for (int e = 1; e <= 4; e++) table.Add(e, 1.0 / e);
            Assert.Equal(5, File.ReadAllLines(path).Length);
        }
        File.AppendAllText(path, "5,0.");
        using (var table = MetricsTable.Open(path, ["epoch", "loss"], lastEpoch: 2)) table.Add(3, double.NaN);
        Assert.Equal(["epoch,loss", "1,1", "2,0.5", "3,"], File.ReadAllLines(path));
        Assert.Throws<InvalidDataException>(() => MetricsTable.Open(path, ["epoch", "dice"], lastEpoch: 2));
        Assert.Equal(double.NaN, MetricsTable.Read(path).Rows[2][1]);
    }

    [Fact]
    public void Scalar_log_is_cut_on_resume()
    {
        using var folder = new TemporaryFolder();
        string path = folder["metrics.jsonl"];
        using (var log = ScalarLog.Open(path, null))
            for (int s = 1; s <= 4; s++) log.Add(s, 1, s * 0.5, [new("loss", s == 2 ? double.NaN : s)]);
        File.AppendAllText(path, "{\"step\": 5, \"ep");
        using (var log = ScalarLog.Open(path, lastStep: 2)) log.Add(3, 2, 9, [new("loss", 30)]);
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(3, lines.Length);
        Assert.Equal("{\"step\":2,\"epoch\":1,\"seconds\":1,\"loss\":null}", lines[1]);
        Assert.Equal("{\"step\":3,\"epoch\":2,\"seconds\":9,\"loss\":30}", lines[2]);
    }

    [Fact]
    public void A_failing_write_leaves_the_old_file_whole_and_no_temporary()
    {
        using var folder = new TemporaryFolder();
        string path = folder["a.txt"];
        RunFile.WriteText(path, "old");
        Assert.Throws<IOException>(() => RunFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new IOException("disk full");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void Run_folders_do_not_collide_and_named_ones_are_not_overwritten()
    {
        using var folder = new TemporaryFolder();
        var config = new TrainConfig { Runs = folder.Root };
        var now = new DateTime(2026, 11, 21, 9, 30, 0);
        Assert.Equal("2026-11-21_0930_vmunetv2_my-set_s42",
            Path.GetFileName(RunFolder.Create(config, "My Set", now).Root));
        Assert.EndsWith("_s42_2", RunFolder.Create(config, "My Set", now).Root);
        var named = RunFolder.Create(config with { Name = "a" }, "x", now);
        RunFile.WriteText(named.Config, config.ToYaml());
        Assert.Throws<ConfigException>(() => RunFolder.Create(config with { Name = "a" }, "x", now));
        Assert.Equal(named.Root, RunFolder.Open(named.Root).Root);
        Assert.Throws<ConfigException>(() => RunFolder.Open(folder["nowhere"]));
    }

    [Fact]
    public void Environment_is_json_with_versions_and_processor()
    {
        using var json = System.Text.Json.JsonDocument.Parse(RunEnvironment.ToJson(7, 2, "avx2"));
        Assert.Equal(7, json.RootElement.GetProperty("seed").GetInt32());
        Assert.NotEmpty(json.RootElement.GetProperty("processor").GetString()!);
    }

    private static List<(long, string, float)> Scalars(byte[] bytes)
    {
        var found = new List<(long, string, float)>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            byte[] record = bytes[(at + 12)..(at + 12 + length)];
            Assert.Equal(EventFile.MaskedCrc(record),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            at += 16 + length;
            long step = 0;
            var input = new CodedInputStream(record);
            for (uint tag; (tag = input.ReadTag()) != 0;)
            {
                if (tag >> 3 == 2) step = input.ReadInt64();
                else if (tag >> 3 == 5) found.AddRange(Values(input.ReadBytes()).Select(v => (step, v.Tag, v.Value)));
                else input.SkipLastField();
            }
        }
        return found;
    }

    private static IEnumerable<(string Tag, float Value)> Values(ByteString summary)
    {
        var input = summary.CreateCodedInput();
        while (input.ReadTag() != 0)
        {
            var value = input.ReadBytes().CreateCodedInput();
            value.ReadTag();
            string tag = value.ReadString();
            value.ReadTag();
            yield return (tag, value.ReadFloat());
        }
    }
}
