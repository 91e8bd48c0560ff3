using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Engine.Tests.Ops;

namespace Krait.Engine.Tests.Programs;

public sealed class RemakeTests
{
    /// <summary>A norm that two products read, one of them a slice of it, in a sum with its own input.</summary>
    static Value Block(Value x, Value weight, Value narrow)
    {
        Value norm = LayerNorm.Apply(x, null, null);
        Value left = MatMul.Apply(norm, weight), right = MatMul.Apply(SliceChannels.Apply(norm, 2, 3), narrow);
        return Add.Apply(Add.Apply(left, right), x);
    }

    [Fact]
    public void A_norm_is_made_again_once_for_all_that_read_it()
    {
        var program = new Program(isTraining: true);
        Value x = program.Input("x", new Shape(6, 8)), w = program.Input("w", new Shape(8, 8));
        Value y = Block(x, w, program.Input("n", new Shape(8, 3)));
        Value dw = Gradients.Append(program, [(y, null)], [x, w])[w]!;
        Op[] norms = [.. program.Ops.OfType<LayerNorm>()];
        Assert.Equal([false, true], norms.Select(op => op.IsRecomputed));
        Op reader = program.Ops.Last(op => op.Outputs.Contains(dw));
        Assert.Contains(norms[1].Outputs[0], reader.Inputs);
        Assert.DoesNotContain(norms[0].Outputs[0], reader.Inputs);
    }

    [Fact]
    public void Gradients_through_what_is_made_again_equal_differences_of_the_oracle() =>
        new OpCheck().Run([new(6, 8), new(8, 8), new(8, 3)], v => Block(v[0], v[1], v[2]),
            x => Oracle(x[0], x[1], x[2]));

    static double[] Oracle(double[] x, double[] weight, double[] narrow)
    {
        var y = new double[x.Length];
        for (int r = 0; r < x.Length; r += 8)
        {
            double[] row = x[r..(r + 8)];
            double mean = row.Average(), scale = 1 / Math.Sqrt(row.Average(a => (a - mean) * (a - mean)) + 1e-5);
            double[] norm = [.. row.Select(a => (a - mean) * scale)];
            for (int o = 0; o < 8; o++)
                y[r + o] = row[o] + norm.Select((n, i) => n * weight[(o * 8) + i]).Sum()
                    + norm[2..5].Select((n, i) => n * narrow[(o * 3) + i]).Sum();
        }
        return y;
    }
}
