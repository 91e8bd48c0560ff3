namespace Krait.Engine.Kernels;

/// <summary>
/// Sizes of SS2D on one sample, and how its work falls into chunks of steps, blocks of 16 channels and tasks of several
/// blocks. All of it follows from the shape.
/// </summary>
/// <param name="H">Height of the picture.</param>
/// <param name="W">Width of the picture.</param>
/// <param name="D">Channels.</param>
/// <param name="N">States per channel.</param>
/// <param name="R">Rank of the step size's projection.</param>
public readonly record struct Ss2dShape(int H, int W, int D, int N, int R)
{
    public const int Directions = 4;
    public const int Steps = 64;
    public const int BlockChannels = 16;
    const int TasksWanted = 8;

    /// <summary>Positions.</summary>
    public int L => H * W;

    public int Chunks => (L + Steps - 1) / Steps;
    public int Blocks => (D + BlockChannels - 1) / BlockChannels;

    /// <summary>Projection numbers of one direction at one position: R of the step size, N of B, N of C.</summary>
    public int DirectionWidth => R + (2 * N);

    public int ProjectionWidth => Directions * DirectionWidth;

    /// <summary>N rounded up to a pass of four states.</summary>
    public int PaddedN => (N + 3) & ~3;

    /// <summary>Floats of one saved state: a block at the start of a chunk.</summary>
    public int StateFloats => PaddedN * BlockChannels;

    /// <summary>Saved states of one sample: [direction][chunk][block].</summary>
    public int StatesPerSample => Directions * Chunks * Blocks;

    /// <summary>Numbers of all parameter gradients of one sample: dt weight, dt bias, A_logs, Ds.</summary>
    public int ParameterFloats => Directions * D * (R + 1 + N + 1);

    /// <summary>Channel blocks that one task walks over: about eight tasks in all, whatever the machine.</summary>
    public int BlocksPerTask(int batch)
    {
        int tasks = Math.Clamp((TasksWanted + batch - 1) / batch, 1, Blocks);
        return (Blocks + tasks - 1) / tasks;
    }

    public int TasksPerSample(int batch)
    {
        int size = BlocksPerTask(batch);
        return (Blocks + size - 1) / size;
    }

    /// <summary>Channels of a block: 16, or fewer in the last.</summary>
    public int ChannelsOf(int block) => Math.Min(BlockChannels, D - (block * BlockChannels));

    /// <summary>
    /// Positions of the steps [first, first + count) of a direction: row-major, column-major, and both reversed.
    /// </summary>
    public unsafe void Walk(int direction, int first, int count, int* positions)
    {
        bool reversed = direction >= 2;
        int step = reversed ? -1 : 1;
        int l = reversed ? L - 1 - first : first;
        if ((direction & 1) == 0)
        {
            for (int i = 0; i < count; i++, l += step)
                positions[i] = l;
            return;
        }
        int column = l / H;
        int row = l - (column * H);
        for (int i = 0; i < count; i++)
        {
            positions[i] = (row * W) + column;
            row += step;
            if (row == H)
                (row, column) = (0, column + 1);
            else if (row < 0)
                (row, column) = (H - 1, column - 1);
        }
    }
}
