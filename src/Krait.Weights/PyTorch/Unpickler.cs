using System.Numerics;
using System.Runtime.InteropServices;

namespace Krait.Weights;

/// <summary>
/// A restricted reader of Python pickles, protocols 2 to 5: it builds numbers, text, lists, dictionaries and tensors.
/// A class or function that the pickle names stays a pair of words (<see cref="PyGlobal"/>); calling one gives what
/// <see cref="KnownGlobals"/> has written down for it, or an inert placeholder. No code of the file ever runs.
/// </summary>
/// <param name="file">Name of the file, for messages.</param>
/// <param name="input">The pickle.</param>
/// <param name="globals">What names stand for.</param>
/// <param name="persistentLoad">Gives the storage that a persistent id names.</param>
internal sealed class Unpickler(string file, PickleInput input, KnownGlobals globals,
    Func<object?, object?> persistentLoad)
{
    // A checkpoint takes some 40 opcodes a tensor. Every opcode makes at most one small object, so this also bounds
    // memory; text and byte strings are bounded by the length of the pickle.
    const int MaxOpcodes = 4_000_000;
    const int MaxIntegerBytes = 64;

    readonly List<object?> stack = [];
    readonly List<int> marks = [];
    readonly Dictionary<long, object?> memo = [];
    int opcodes;

    /// <summary>The object that the pickle describes. The input then stands behind the pickle.</summary>
    /// <exception cref="WeightsException">If the pickle is damaged, too large, or of another protocol.</exception>
    public object? Load()
    {
        while (true)
        {
            var op = (char)input.Byte();
            if (op == '.')
                return Pop();
            if (++opcodes > MaxOpcodes)
                throw new WeightsException($"read {file}: a pickle may have {MaxOpcodes} operations; this one has " +
                    "more. Save only model.state_dict().");
            if (!Number(op) && !Text(op) && !Container(op) && !Stack(op) && !Object(op))
                throw Damaged($"unknown operation {(int)op:x2}; torch.save writes pickle protocols 2 to 5");
        }
    }

    bool Number(char op)
    {
        switch (op)
        {
            case 'N': Push(null); return true;
            case '\x88': Push(true); return true;
            case '\x89': Push(false); return true;
            case 'K': Push((long)input.Byte()); return true;
            case 'M': Push((long)input.UInt16()); return true;
            case 'J': Push((long)input.Int32()); return true;
            case '\x8a': Push(Integer(input.Byte())); return true;
            case '\x8b': Push(Integer(input.Int32())); return true;
            case 'G': Push(input.BigEndianDouble()); return true;
            default: return false;
        }
    }

    bool Text(char op)
    {
        switch (op)
        {
            case 'X': Push(input.Text(input.UInt32())); return true;
            case '\x8c': Push(input.Text(input.Byte())); return true;
            case '\x8d': Push(input.Text(input.Int64())); return true;
            case 'U': Push(input.OldText(input.Byte())); return true;
            case 'T': Push(input.OldText(input.Int32())); return true;
            case 'C': Push(input.Bytes(input.Byte())); return true;
            case 'B': Push(input.Bytes(input.UInt32())); return true;
            case '\x8e': Push(input.Bytes(input.Int64())); return true;
            case '\x96': Push(input.Bytes(input.Int64())); return true;
            default: return false;
        }
    }

    bool Container(char op)
    {
        switch (op)
        {
            case '}': Push(new PyDict()); return true;
            case ']': Push(new PyList()); return true;
            case ')': Push(PyTuple.Empty); return true;
            case '\x8f': Push(new PySet()); return true;
            case 't': Push(new PyTuple(PopMarked())); return true;
            case '\x85': Push(new PyTuple(PopMany(1))); return true;
            case '\x86': Push(new PyTuple(PopMany(2))); return true;
            case '\x87': Push(new PyTuple(PopMany(3))); return true;
            case 'l': AddTo(new PyList(), PopMarked(), push: true); return true;
            case 'd': SetIn(new PyDict(), PopMarked(), push: true); return true;
            case '\x91': AddTo(new PySet(), PopMarked(), push: true); return true;
            case 'a': AddTo(Below(1), PopMany(1)); return true;
            case 's': SetIn(Below(2), PopMany(2)); return true;
            case 'e':
            case '\x90': PopMarked(AddTo); return true;
            case 'u': PopMarked(SetIn); return true;
            default: return false;
        }
    }

    bool Stack(char op)
    {
        switch (op)
        {
            case '\x80': Protocol(input.Byte()); return true;
            case '\x95': input.Int64(); return true;
            case '(': marks.Add(stack.Count); return true;
            case '0': PopOrUnmark(); return true;
            case '1': PopMarked(); return true;
            case '2': Push(Peek()); return true;
            case 'q': memo[input.Byte()] = Peek(); return true;
            case 'r': memo[input.UInt32()] = Peek(); return true;
            case '\x94': memo[memo.Count] = Peek(); return true;
            case 'h': Push(Recall(input.Byte())); return true;
            case 'j': Push(Recall(input.UInt32())); return true;
            default: return false;
        }
    }

    bool Object(char op)
    {
        switch (op)
        {
            case 'c': Push(new PyGlobal(input.Line(), input.Line())); return true;
            case '\x93': Push(GlobalFromStack()); return true;
            case 'Q': Push(persistentLoad(Pop())); return true;
            case 'R':
            case '\x81': Push(Build(PopMany(2))); return true;
            case '\x92': Push(Build(PopMany(3))); return true;
            case 'b': KnownGlobals.SetState(Below(1), Pop()); return true;
            case 'i':
                var named = new PyGlobal(input.Line(), input.Line());
                Push(globals.Build(named, new PyTuple(PopMarked())));
                return true;
            case 'o':
                var parts = PopMarked();
                Push(parts.Length > 0
                    ? globals.Build(parts[0], new PyTuple(parts[1..]))
                    : throw Damaged("an object without a class"));
                return true;
            default: return false;
        }
    }

    object? Build(object?[] callableAndArgs) => globals.Build(callableAndArgs[0],
        callableAndArgs[1] as PyTuple ?? throw Damaged("a call without a tuple of arguments"));

    PyGlobal GlobalFromStack() => PopMany(2) is [string module, string name]
        ? new PyGlobal(module, name)
        : throw Damaged("a class whose name is no text");

    object Integer(long length)
    {
        if (length is < 0 or > MaxIntegerBytes)
            throw Damaged($"an integer of {length} bytes; at most {MaxIntegerBytes} are read");
        var value = new BigInteger(input.Bytes(length));
        // Boxed apart: the common type of both would be BigInteger.
        if (value >= long.MinValue && value <= long.MaxValue)
            return (long)value;
        return value;
    }

    void Protocol(byte version)
    {
        if (version is < 2 or > 5)
            throw Damaged($"pickle protocol {version}; torch.save writes protocols 2 to 5");
    }

    void AddTo(object? target, object?[] items) => AddTo(target, items, push: false);

    void AddTo(object? target, object?[] items, bool push)
    {
        foreach (var item in items)
            switch (target)
            {
                case PyList list: list.Add(item); break;
                case PySet set: set.Add(item); break;
                case PyInert inert: inert.Add(item); break;
                default: throw Damaged("items are added to something that is no list");
            }
        if (push)
            Push(target);
    }

    void SetIn(object? target, object?[] items) => SetIn(target, items, push: false);

    void SetIn(object? target, object?[] items, bool push)
    {
        if (items.Length % 2 != 0)
            throw Damaged("a key without a value");
        for (var i = 0; i < items.Length; i += 2)
            switch (target)
            {
                case PyDict dictionary: dictionary.Set(items[i], items[i + 1]); break;
                case PyInert inert: inert.Set(items[i], items[i + 1]); break;
                default: throw Damaged("entries are set in something that is no dictionary");
            }
        if (push)
            Push(target);
    }

    void Push(object? value) => stack.Add(value);

    object? Pop() => PopMany(1)[0];

    object? Peek() => Below(0);

    /// <summary>The element under the <paramref name="count"/> topmost ones.</summary>
    object? Below(int count)
    {
        var at = stack.Count - 1 - count;
        return at >= Bottom ? stack[at] : throw Damaged("a value is taken from an empty stack");
    }

    object?[] PopMany(int count)
    {
        if (stack.Count - count < Bottom)
            throw Damaged("a value is taken from an empty stack");
        return Take(stack.Count - count);
    }

    object?[] PopMarked()
    {
        if (marks.Count == 0)
            throw Damaged("a group ends that did not begin");
        var from = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        return Take(from);
    }

    void PopMarked(Action<object?, object?[]> use)
    {
        var items = PopMarked();
        use(Peek(), items);
    }

    void PopOrUnmark()
    {
        if (stack.Count > Bottom)
            stack.RemoveAt(stack.Count - 1);
        else
            PopMarked();
    }

    object?[] Take(int from)
    {
        var items = CollectionsMarshal.AsSpan(stack)[from..].ToArray();
        stack.RemoveRange(from, stack.Count - from);
        return items;
    }

    // Values below the last mark belong to a group that is still open.
    int Bottom => marks.Count > 0 ? marks[^1] : 0;

    object? Recall(long index) => memo.TryGetValue(index, out var value)
        ? value
        : throw Damaged($"entry {index} is read that was never stored");

    WeightsException Damaged(string what) => new($"read {file}: the pickle has {what} (byte {input.Position}). " +
        "The file is damaged or no PyTorch checkpoint; download or save it again.");
}
