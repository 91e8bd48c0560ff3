namespace Krait.Imaging.Codecs;

/// <summary>A chain of libvips operations and the image at its end; owns one reference to it.</summary>
internal sealed unsafe class VipsPipeline(string name, ImageFormat format) : IDisposable
{
    /// <summary>The image at the end; it computes nothing until its pixels are asked for.</summary>
    public nint Image { get; private set; }

    /// <summary>Reads the header from memory, which must stay where it is until disposal.</summary>
    public void Load(byte* data, int length)
    {
        nint operation = Vips.OperationNew($"{format.ToString().ToLowerInvariant()}load_buffer");
        if (operation == 0)
        {
            throw new ImageFormatException(
                $"{name}: the libvips at {VipsLibrary.Path} reads no {format}: {Vips.TakeError()}. "
                + $"Set {VipsLibrary.Variable} to a fuller one, or convert to PNG.")
            {
                MissingDependency = true,
            };
        }

        Vips.GValue value = default;
        Vips.ValueInit(&value, Vips.BlobType());
        Vips.ValueSetBlob(&value, 0, data, (nuint)length);
        Vips.SetProperty(operation, "buffer", &value);
        Vips.ValueUnset(&value);

        // Otherwise a truncated picture is silently padded with grey.
        int set = Vips.SetArgument(operation, "fail_on", "error");
        Finish(operation, set);
    }

    /// <summary>Appends an operation with one image in and one out.</summary>
    public void Apply(string operationName, params ReadOnlySpan<(string Name, string Value)> arguments)
    {
        nint operation = Vips.OperationNew(operationName);
        Vips.GValue value = default;
        Vips.ValueInit(&value, Vips.ObjectType);
        Vips.ValueSetObject(&value, Image);
        Vips.SetProperty(operation, "in", &value);
        Vips.ValueUnset(&value);
        int set = 0;
        foreach ((string argument, string text) in arguments)
        {
            set |= Vips.SetArgument(operation, argument, text);
        }

        Finish(operation, set);
    }

    /// <summary>The error that libvips left, as an exception.</summary>
    public ImageFormatException Damaged()
    {
        string error = Vips.TakeError().Split('\n')[0];
        return new ImageFormatException($"{name}: not a sound {format} file ({error}). Write or download it again.");
    }

    public void Dispose()
    {
        if (Image != 0)
        {
            Vips.Unref(Image);
            Image = 0;
        }
    }

    /// <summary>Builds the operation, takes its output in place of the present image and drops the operation.</summary>
    private void Finish(nint operation, int set)
    {
        nint built = set == 0 ? Vips.Build(operation) : 0;
        if (built == 0)
        {
            Vips.UnrefOutputs(operation);
            Vips.Unref(operation);
            throw Damaged();
        }

        Vips.GValue value = default;
        Vips.ValueInit(&value, Vips.ObjectType);
        Vips.GetProperty(built, "out", &value);
        nint image = Vips.Ref(Vips.ValueGetObject(&value));
        Vips.ValueUnset(&value);
        Vips.UnrefOutputs(built);
        Vips.Unref(built);
        Dispose();
        Image = image;
    }
}
