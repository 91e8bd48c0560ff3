using System.Buffers.Binary;
using System.Text;

namespace Krait.Weights;

/// <summary>
/// Opens weights files of any container that Krait reads, known by their first bytes and not by their name.
/// </summary>
public static class WeightsFile
{
    const int HeadBytes = 512;

    /// <summary>Opens a safetensors file or a file of torch.save.</summary>
    /// <exception cref="WeightsException">
    /// If the file is missing, a folder, of another kind, damaged or hostile.
    /// </exception>
    public static TensorFile Open(string path) => Open(path, allowSafetensors: true);

    internal static TensorFile Open(string path, bool allowSafetensors)
    {
        var file = FileSource.Open(path);
        var opened = false;
        try
        {
            var head = new byte[(int)Math.Min(HeadBytes, file.Length)];
            file.Read(0, head);
            var result = Read(path, file, head, allowSafetensors);
            opened = true;
            return result;
        }
        finally
        {
            if (!opened)
                file.Dispose();
        }
    }

    static TensorFile Read(string path, FileSource file, ReadOnlySpan<byte> head, bool allowSafetensors)
    {
        var name = Path.GetFileName(path);
        if (head.IsEmpty)
            throw new WeightsException($"read {name}: the file is empty. Download or save it again.");
        // Before the pickle: a header length may well begin with the byte that begins a pickle.
        if (allowSafetensors && IsSafetensors(head))
            return SafetensorsFile.Read(path, file);
        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8))
            return PthFile.ReadZip(path, file);
        if (OtherKind(head) is { } kind)
            throw new WeightsException($"read {name}: {kind}");
        if (head[0] == 0x80)
            return PthFile.ReadLegacy(path, file);
        if (allowSafetensors && path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return SafetensorsFile.Read(path, file);
        throw new WeightsException($"read {name}: neither safetensors nor a file of torch.save; it begins with " +
            $"{Convert.ToHexString(head[..Math.Min(8, head.Length)])}. Check that this is a weights file.");
    }

    static bool IsSafetensors(ReadOnlySpan<byte> head) => head.Length >= 9 && head[8] == '{'
        && BinaryPrimitives.ReadUInt64LittleEndian(head) <= SafetensorsHeader.MaxHeaderBytes;

    /// <summary>
    /// What a file that is no weights file most likely is, with the way out; null when there is no telling.
    /// </summary>
    static string? OtherKind(ReadOnlySpan<byte> head)
    {
        var text = Encoding.Latin1.GetString(head).TrimStart('\xef', '\xbb', '\xbf', ' ', '\t', '\r', '\n');
        if (text.StartsWith('<'))
            return "this is a web page. The download brought a page instead of the file; fetch the file itself.";
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            return "this is a Git LFS pointer and not the file. Run git lfs pull, or download the file itself.";
        if (head is [0x1f, 0x8b, ..])
            return "this is a gzip archive. Unpack it first.";
        if (head is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            return "this is an HDF5 file. Convert its tensors to safetensors.";
        if (head.StartsWith("7z"u8) || head.StartsWith("Rar!"u8))
            return "this is a packed archive. Unpack it first.";
        if (head.Length >= 262 && head[257..].StartsWith("ustar"u8))
            return "this is a tar archive. Unpack it; a checkpoint of PyTorch 0.1 must be saved again by a newer one.";
        return null;
    }
}
