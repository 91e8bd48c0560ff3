using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Models;

namespace Krait.Cli.Benchmarks;

/// <summary>
/// A model that runs when it is told to, so that another program can time it in turn with others. One line in, one
/// line out: <c>input FILE</c> and <c>output FILE</c> (raw float32, channels last) answer ok, <c>run</c> the
/// milliseconds of one prediction, <c>memory</c> the largest resident size in MiB.
/// </summary>
sealed class RunServer : IDisposable
{
    readonly Plan _plan;
    readonly Value _image;
    readonly Value _logits;
    readonly float[] _pixels;

    public RunServer(SegmentationModel model, Device device, Shape input)
    {
        var program = new Program(isTraining: false);
        _image = program.Input("image", input);
        _logits = program.Keep(model.Forward(_image), "logits");
        _plan = new Plan(program, device, model.Store, new PlanOptions { HoistConstants = true });
        _pixels = new float[input.Count];
        Noise.Fill(_pixels);
    }

    /// <summary>Answers until the input ends.</summary>
    public void Serve(TextReader input, TextWriter output, CancellationToken stop)
    {
        output.WriteLine("ready");
        output.Flush();
        while (input.ReadLineAsync(stop).AsTask().GetAwaiter().GetResult() is { } line)
        {
            string[] words = line.Trim().Split(' ', 2);
            output.WriteLine(Answer(words[0], words.Length > 1 ? words[1] : ""));
            output.Flush();
        }
    }

    public void Dispose() => _plan.Dispose();

    string Answer(string verb, string file)
    {
        switch (verb)
        {
            case "input":
                Read(file);
                return "ok";
            case "run":
                long start = Stopwatch.GetTimestamp();
                _pixels.CopyTo(_plan[_image].AsSpan());     // a run leaves other values in the input's memory
                _plan.Run();
                return Number(Stopwatch.GetElapsedTime(start).TotalMilliseconds, "0.000");
            case "output":
                File.WriteAllBytes(file, MemoryMarshal.AsBytes(_plan[_logits].AsSpan()).ToArray());
                return "ok";
            case "memory":
                using (var process = Process.GetCurrentProcess())
                    return Number(process.PeakWorkingSet64 / 1048576.0, "0.0");
            default:
                return $"error: unknown line '{verb}'";
        }
    }

    void Read(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        if (bytes.Length != _pixels.Length * sizeof(float))
            throw new InvalidDataException(
                $"input {file}: needs {_pixels.Length} float32 numbers for {_image.Shape}; got {bytes.Length} bytes.");
        MemoryMarshal.Cast<byte, float>(bytes).CopyTo(_pixels);
    }

    static string Number(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
