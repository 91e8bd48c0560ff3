using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;
using Krait.Imaging;
using Krait.Imaging.Transforms;
using Krait.Models;
using Krait.Training.Metrics;

namespace Krait.Golden.Tests.Runners;

/// <summary>pipeline: from picture and mask files through normalisation, size and network to pooled scores.</summary>
internal static class PipelineRunner
{
    public static void Run(RunContext context)
    {
        GoldenCase test = context.Case;
        JsonElement model = test.Args.Part("model"), tolerance = test.Tolerance;
        using SegmentationModel network = ModelRunner.Create(model.Text("kind"), model.Part("args"));
        test.LoadWeights(network.Store);
        using var forward = new Forward(context, network);
        var matrix = new ConfusionMatrix(2);
        var losses = new List<double>();
        double[] expected = test.Json.Reals("losses");
        foreach (JsonElement pair in test.Args.Part("pairs").EnumerateArray())
        {
            float[] image = Picture(test, pair.Text("image")), mask = Mask(test, pair.Text("mask"));
            (float[] output, double loss) = forward.Run(image, mask);
            context.Comparison.Close(pair.Text("input"), image, test.EngineTensor(pair.Text("input")),
                tolerance.Real("input_abs"), 0);
            context.Comparison.Close(pair.Text("target"), mask, test.EngineTensor(pair.Text("target")),
                tolerance.Real("input_abs"), 0);
            context.Comparison.Close(pair.Text("output"), output, test.EngineTensor(pair.Text("output")),
                tolerance.Real("output_abs"), 0);
            context.Comparison.Number($"loss of {pair.Text("image")}", loss, expected[losses.Count],
                tolerance.Real("losses_abs"));
            losses.Add(loss);
            matrix.AddBinary(output, mask, (float)test.Args.Real("prediction_threshold"),
                (float)test.Args.Real("target_threshold"));
        }
        context.Comparison.Number("mean loss", losses.Average(), test.Json.Real("mean_loss"),
            tolerance.Real("losses_abs"));
        // The scores follow from the counts, which pixels near the threshold may move.
        ConfusionRunner.Compare(context.Comparison, "pooled", matrix, test.Json.Part("metrics"),
            tolerance.Real("counts_max_change"), -1);
    }

    /// <summary>[size, size, 3], scaled as the case says.</summary>
    static float[] Picture(GoldenCase test, string file)
    {
        Image image = ImageFile.Read(Path.Combine(test.Folder, file));
        JsonElement normalize = test.Args.Part("normalize");
        double[] range = normalize.Reals("then_min_max_to");
        float[] x = ImageTransforms.StandardiseMinMax(image.ToFloat(3), normalize.Real("mean"), normalize.Real("std"),
            range[0], range[1]);
        return Resize(test, x, image, 3);
    }

    /// <summary>[size, size, 1], 0..1, fractions at the border.</summary>
    static float[] Mask(GoldenCase test, string file)
    {
        Image image = ImageFile.Read(Path.Combine(test.Folder, file));
        double divisor = test.Args.Real("mask_divide_by");
        float[] x = Array.ConvertAll(image.ToGrey8(), v => (float)(v / divisor));
        return Resize(test, x, image, 1);
    }

    static float[] Resize(GoldenCase test, float[] x, Image image, int channels)
    {
        JsonElement resize = test.Args.Part("resize");
        int[] size = resize.Wholes("size");
        return resize.Text("mode") == "bilinear" && !resize.Flag("align_corners")
            ? ImageTransforms.ResizeBilinear(x, image.Height, image.Width, channels, size[0], size[1],
                resize.Flag("antialias"))
            : throw new NotSupportedException($"resize: {resize}");
    }

    /// <summary>The network on one picture at a time, with the loss.</summary>
    sealed class Forward : IDisposable
    {
        readonly Plan _plan;
        readonly Value _image;
        readonly Value _target;
        readonly Value _output;
        readonly Value _loss;

        public Forward(RunContext context, SegmentationModel model)
        {
            int[] size = context.Case.Args.Part("resize").Wholes("size");
            JsonElement loss = context.Case.Json.Part("loss_args");
            var program = new Program(isTraining: false);
            _image = program.Input("image", new Shape(1, size[0], size[1], 3));
            _target = program.Input("target", new Shape(1, size[0], size[1], 1));
            _output = program.Keep(Activate.Apply(model.Forward(_image), Activation.Sigmoid), "output");
            _loss = program.Keep(LossRunner.Build(loss.Text("kind"), loss, _output, _target, fromLogits: false),
                "loss");
            _plan = new Plan(program, context.Device, model.Store, new PlanOptions { HoistConstants = true });
        }

        public (float[] Output, double Loss) Run(float[] image, float[] target)
        {
            TracedCase.Write(_plan, _image, image);
            TracedCase.Write(_plan, _target, target);
            _plan.Run();
            return (TracedCase.Read(_plan, _output), TracedCase.Read(_plan, _loss)[0]);
        }

        public void Dispose() => _plan.Dispose();
    }
}
