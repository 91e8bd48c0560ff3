namespace Krait.Engine.Kernels;

/// <summary>
/// Sizes of a selective scan over one sample, and how its work falls into chunks of steps, blocks of at most 16 channels
/// (never across groups) and tasks of several blocks of one group. All of it follows from the shape.
/// </summary>
/// <param name="L">Steps.</param>
/// <param name="D">Channels.</param>
/// <param name="N">States per channel.</param>
/// <param name="G">Groups of channels that share B and C.</param>
/// <param name="R">Rank of the step size's projection; 0: raw step sizes are given for every channel.</param>
public readonly record struct SelectiveScanShape(int L, int D, int N, int G, int R = 0)
{
    public const int Steps = 64;
    public const int BlockChannels = 16;
    const int TasksWanted = 16, BackwardTasksWanted = 8;

    public int Chunks => (L + Steps - 1) / Steps;
    public int GroupChannels => D / G;
    public int GroupBlocks => (GroupChannels + BlockChannels - 1) / BlockChannels;
    public int Blocks => G * GroupBlocks;
    public int PaddedN => (N + 3) & ~3;

    /// <summary>Floats of one saved state: a block at the start of a chunk.</summary>
    public int StateFloats => PaddedN * BlockChannels;

    /// <summary>Saved states of one sample: [chunk][block].</summary>
    public int StatesPerSample => Chunks * Blocks;

    /// <summary>Numbers of the gradients of A, skip, bias and step weight of one sample.</summary>
    public int ParameterFloats => D * (N + 2 + R);

    /// <summary>Numbers of the gradients of B, C and of what the step size is projected from, of one step.</summary>
    public int CoupleFloats => (2 * N) + R;

    /// <summary>How a group's blocks fall into tasks: about sixteen tasks in all, whatever the machine.</summary>
    public BlockTasks Tasks(int batch) => TasksOf(batch, TasksWanted);

    /// <summary>The same for the gradient: fewer, since each task sums its own gradients of B and C.</summary>
    public BlockTasks BackwardTasks(int batch) => TasksOf(batch, BackwardTasksWanted);

    BlockTasks TasksOf(int batch, int wanted)
    {
        int tasks = Math.Clamp((wanted + (batch * G) - 1) / (batch * G), 1, GroupBlocks);
        int blocks = (GroupBlocks + tasks - 1) / tasks;
        return new BlockTasks((GroupBlocks + blocks - 1) / blocks, blocks);
    }

    public int GroupOf(int block) => block / GroupBlocks;

    /// <summary>First channel of a block.</summary>
    public int FirstChannel(int block) =>
        (GroupOf(block) * GroupChannels) + (block % GroupBlocks * BlockChannels);

    /// <summary>Channels of a block: 16, or fewer in the last of a group.</summary>
    public int ChannelsOf(int block) => Math.Min(BlockChannels, GroupChannels - (block % GroupBlocks * BlockChannels));
}

/// <summary>Tasks of a group, and blocks that each walks over; the last may have fewer.</summary>
public readonly record struct BlockTasks(int Count, int Blocks);

/// <summary>Where rows start and how many floats lie between them; no pointer where an operand is missing.</summary>
public readonly unsafe struct RowPointer(float* start, long stride)
{
    public readonly float* Start = start;
    public readonly long Stride = stride;

    public bool Exists => Start != null;

    public float* At(long row) => Start + (row * Stride);

    /// <summary>The same rows from another one on; a missing operand stays missing.</summary>
    public RowPointer From(long row) => Exists ? new RowPointer(At(row), Stride) : default;
}

/// <summary>Operands of a selective scan of one sample, or their gradients.</summary>
/// <param name="U">[L, D].</param>
/// <param name="Delta">[L, D]: raw step sizes, before bias and softplus; [L, R] with a step weight.</param>
/// <param name="A">[D, N].</param>
/// <param name="B">[L G, N].</param>
/// <param name="C">[L G, N].</param>
/// <param name="Skip">[D]; may be missing.</param>
/// <param name="Gate">[L, D], called z: the result is multiplied by SiLU(z); may be missing.</param>
/// <param name="DeltaBias">[D]; may be missing.</param>
/// <param name="StepWeight">[D, R]: makes raw step sizes from the rows of Delta; missing where R is 0.</param>
public readonly record struct SelectiveScanOperands(RowPointer U, RowPointer Delta, RowPointer A, RowPointer B,
    RowPointer C, RowPointer Skip, RowPointer Gate, RowPointer DeltaBias, RowPointer StepWeight);
