using Krait.Imaging;

namespace Krait.Training.Tests.Volumes;

/// <summary>Small volumes with a bright ball (class 1) and a dark one (class 2) on noise.</summary>
internal static class SyntheticVolumes
{
    /// <summary>One volume of 14 columns, 12 rows and 10 slices, axes growing to the right, front and head.</summary>
    public static (Volume Image, LabelVolume Labels) Draw(int seed, Affine? affine = null, int width = 14)
    {
        const int height = 12, depth = 10;
        var random = new Random(seed);
        var grid = new VolumeGeometry(width, height, depth, affine ?? Affine.Scaling(1, 1, 1.5));
        (double X, double Y, double Z)[] middles =
        [
            (4 + random.NextDouble(), 4 + random.NextDouble(), 3 + random.NextDouble()),
            (width - 5 + random.NextDouble(), height - 5 + random.NextDouble(), depth - 4 + random.NextDouble()),
        ];
        var samples = new float[grid.Voxels];
        var labels = new byte[grid.Voxels];
        for (int i = 0; i < samples.Length; i++)
        {
            int x = i % width, y = i / width % height, z = i / (width * height);
            for (byte c = 0; c < 2; c++)
            {
                var (dx, dy, dz) = (x - middles[c].X, y - middles[c].Y, z - middles[c].Z);
                if (dx * dx + dy * dy + dz * dz < 7) labels[i] = (byte)(c + 1);
            }
            samples[i] = 100 + 10 * random.NextSingle() + labels[i] switch { 1 => 80, 2 => -80, _ => 0 };
        }
        return (new Volume(grid, 1, samples), new LabelVolume(grid, labels));
    }

    /// <summary>imagesTr, labelsTr, imagesVal, labelsVal, imagesTs, labelsTs and dataset.json.</summary>
    public static void Write(string root, int train = 4, int val = 2, int test = 1)
    {
        int seed = 0;
        foreach (var (part, count) in new[] { ("Tr", train), ("Val", val), ("Ts", test) })
        {
            Directory.CreateDirectory(Path.Combine(root, "images" + part));
            Directory.CreateDirectory(Path.Combine(root, "labels" + part));
            for (int i = 0; i < count; i++, seed++)
            {
                var (image, labels) = Draw(seed);
                VolumeFile.Write(Path.Combine(root, "images" + part, $"ball_{seed:000}.nii.gz"), image);
                VolumeFile.Write(Path.Combine(root, "labels" + part, $"ball_{seed:000}.nii.gz"), labels);
            }
        }
        File.WriteAllText(Path.Combine(root, "dataset.json"),
            """{"name": "balls", "labels": {"0": "background", "1": "bright", "2": "dark"}}""");
    }
}
