using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Krait.Weights;

/// <summary>
/// The few constructors that a PyTorch file may ask for, each written here. All other names build a
/// <see cref="PyInert"/>: nothing is ever looked up by its name and nothing that a file names is called.
/// </summary>
internal sealed class KnownGlobals(string file)
{
    // Encoding text and copying lists make more of what is there; a few bytes of pickle could ask for it without end.
    const long MaxCopied = 64L << 20;
    const int BytesOfReference = 16;

    static readonly Dictionary<string, DType> StorageTypes = new()
    {
        ["DoubleStorage"] = DType.F64,
        ["FloatStorage"] = DType.F32,
        ["HalfStorage"] = DType.F16,
        ["BFloat16Storage"] = DType.BF16,
        ["LongStorage"] = DType.I64,
        ["IntStorage"] = DType.I32,
        ["ShortStorage"] = DType.I16,
        ["CharStorage"] = DType.I8,
        ["ByteStorage"] = DType.U8,
        ["BoolStorage"] = DType.BOOL,
        ["UntypedStorage"] = DType.U8,
    };

    static readonly Dictionary<string, DType> ElementTypes = new()
    {
        ["float64"] = DType.F64,
        ["float32"] = DType.F32,
        ["float16"] = DType.F16,
        ["bfloat16"] = DType.BF16,
        ["int64"] = DType.I64,
        ["int32"] = DType.I32,
        ["int16"] = DType.I16,
        ["int8"] = DType.I8,
        ["uint8"] = DType.U8,
        ["bool"] = DType.BOOL,
    };

    // Named by sound files and of no interest here; not worth a line in a report.
    static readonly HashSet<string> Harmless =
    [
        "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray", "torch.device",
        "torch.Tensor", "torch._tensor.Tensor", "builtins.int", "builtins.float", "builtins.list", "builtins.str",
        "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer",
    ];

    // Tensors with attributes: (function, class, arguments, state). One inside the other would recurse without bound.
    const string Subclass = "torch._tensor._rebuild_from_type_v2";

    readonly SortedSet<string> inertNames = new(StringComparer.Ordinal);
    long copied;

    /// <summary>Names that were met and that nothing was done with.</summary>
    public IReadOnlyCollection<string> InertNames => inertNames;

    /// <summary>What a REDUCE or NEWOBJ of <paramref name="callable"/> gives.</summary>
    public object? Build(object? callable, PyTuple args)
    {
        if (callable is not PyGlobal global)
            return new PyInert((callable as PyInert)?.ClassName ?? "object");
        return global.ToString() switch
        {
            "collections.OrderedDict" => Dictionary(args, 0),
            "collections.defaultdict" => Dictionary(args, 1),
            "builtins.dict" or "__builtin__.dict" => Dictionary(args, 0),
            "builtins.set" or "__builtin__.set" or "builtins.frozenset" or "__builtin__.frozenset" => Set(args),
            "torch.Size" => args.Items is [PyTuple sizes] ? sizes : args,
            "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2" => Tensor(args, null),
            "torch._utils._rebuild_tensor_v3" => Tensor(args, ElementType(At(args, 6))),
            "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state"
                or "torch.nn.parameter.Parameter" or "torch.nn.parameter.Buffer" => At(args, 0),
            Subclass when At(args, 0)?.ToString() != Subclass =>
                Build(At(args, 0), At(args, 2) as PyTuple ?? PyTuple.Empty),
            "numpy.dtype" => new NumpyType(At(args, 0) as string ?? ""),
            "numpy.core.multiarray.scalar" or "numpy._core.multiarray.scalar" => Scalar(args),
            "_codecs.encode" => Encode(args),
            _ => Inert(global),
        };
    }

    /// <summary>A BUILD: only numpy's types need their state; what others carry is of no use to tensors.</summary>
    public static void SetState(object? target, object? state)
    {
        if (target is NumpyType type && state is PyTuple { Items: [_, string order, ..] })
            type.BigEndian = order == ">";
    }

    /// <summary>The element type of a storage class such as torch.FloatStorage.</summary>
    public DType StorageType(object? global) =>
        global is PyGlobal { Module: "torch" or "torch.storage" } g && StorageTypes.TryGetValue(g.Name, out var type)
            ? type
            : throw Unknown($"storage type {(global as PyGlobal)?.ToString() ?? "(no class)"}");

    PyInert Inert(PyGlobal global)
    {
        if (!Harmless.Contains(global.ToString()))
            inertNames.Add(global.ToString());
        return new PyInert(global.ToString());
    }

    DType ElementType(object? global) =>
        global is PyGlobal { Module: "torch" } g && ElementTypes.TryGetValue(g.Name, out var type)
            ? type
            : throw Unknown($"element type {(global as PyGlobal)?.ToString() ?? "(no class)"}");

    TorchTensor Tensor(PyTuple args, DType? type)
    {
        if (args.Items is not [TorchStorage storage, long offset, PyTuple sizes, PyTuple strides, ..])
            throw new WeightsException($"read {file}: a tensor is made of a storage, an offset, sizes and strides; " +
                "this one is not. The file is damaged; download or save it again.");
        return new TorchTensor(file, storage, type ?? storage.Type, offset, Numbers(sizes), Numbers(strides));
    }

    ImmutableArray<long> Numbers(PyTuple tuple)
    {
        // More axes than any tensor has are refused by the tensor; they need not be copied first.
        var numbers = ImmutableArray.CreateBuilder<long>();
        foreach (var item in tuple.Items.Take(100))
            numbers.Add(item as long? ?? throw new WeightsException($"read {file}: sizes and strides are whole " +
                "numbers; one is not. The file is damaged; download or save it again."));
        return numbers.ToImmutable();
    }

    PyDict Dictionary(PyTuple args, int from)
    {
        var result = new PyDict();
        switch (At(args, from))
        {
            case PyDict other:
                Charge(other.Entries.Count * 4L * BytesOfReference);
                foreach (var (key, value) in other.Entries)
                    result.Set(key, value);
                break;
            case PyList pairs:
                Charge(pairs.Items.Count * 4L * BytesOfReference);
                foreach (var pair in pairs.Items)
                    if (pair is PyTuple { Items: [var key, var value] })
                        result.Set(key, value);
                    else if (pair is PyList { Items: [var listKey, var listValue] })
                        result.Set(listKey, listValue);
                break;
        }
        return result;
    }

    PySet Set(PyTuple args)
    {
        var result = new PySet();
        if (At(args, 0) is not PyList list)
            return result;
        Charge(list.Items.Count * BytesOfReference);
        foreach (var item in list.Items)
            result.Add(item);
        return result;
    }

    byte[] Encode(PyTuple args)
    {
        if (args.Items is not [string text, ..])
            throw Unknown("call of _codecs.encode without text");
        Charge(text.Length);
        return Encoding.Latin1.GetBytes(text);
    }

    void Charge(long bytes)
    {
        copied += bytes;
        if (copied > MaxCopied)
            throw new WeightsException($"read {file}: a pickle may copy {MaxCopied} bytes of what it holds; this one " +
                "asks for more. Save only model.state_dict().");
    }

    /// <summary>A numpy scalar as a plain number; inert when its type is none.</summary>
    static object? Scalar(PyTuple args)
    {
        if (args.Items is not [NumpyType type, var data])
            return new PyInert("numpy scalar");
        var bytes = data as byte[] ?? (data is string text ? Encoding.Latin1.GetBytes(text) : []);
        if (type.BigEndian)
            bytes = [.. bytes.Reverse()];
        return (type.Code, bytes.Length) switch
        {
            ("f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ("f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            ("f2", 2) => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            ("i8", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            ("i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ("i2", 2) => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            ("i1", 1) => (long)(sbyte)bytes[0],
            ("u8", 8) => new System.Numerics.BigInteger(BinaryPrimitives.ReadUInt64LittleEndian(bytes)),
            ("u4", 4) => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            ("u2", 2) => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            ("u1", 1) => (long)bytes[0],
            ("b1", 1) => bytes[0] != 0,
            _ => new PyInert("numpy scalar"),
        };
    }

    static object? At(PyTuple args, int i) => i < args.Items.Length ? args.Items[i] : null;

    WeightsException Unknown(string what) => new($"read {file}: {what} is not known. Krait reads float64, float32, " +
        "float16, bfloat16, int64 to int8, uint8 and bool; convert the tensors and save again.");

    sealed class NumpyType(string code)
    {
        public string Code => code;

        public bool BigEndian { get; set; }
    }
}
