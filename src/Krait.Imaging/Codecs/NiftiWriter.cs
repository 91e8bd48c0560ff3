using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Krait.Imaging.Codecs;

/// <summary>Writes NIfTI-1, or NIfTI-2 where an axis is longer than version 1 can say; little-endian.</summary>
internal static class NiftiWriter
{
    private const int ChunkVoxels = 1 << 16;

    public static void Write(Stream file, bool compressed, Volume volume) => Write(file, compressed, volume.Geometry,
        volume.Channels, NiftiType.Float32, to =>
        {
            int voxels = volume.Geometry.Voxels, channels = volume.Channels;
            float[] chunk = new float[ChunkVoxels];
            for (int c = 0; c < channels; c++)
            {
                for (int at = 0; at < voxels; at += ChunkVoxels)
                {
                    int count = Math.Min(ChunkVoxels, voxels - at);
                    for (int i = 0; i < count; i++)
                    {
                        chunk[i] = volume.Samples[((long)(at + i) * channels) + c];
                    }

                    to.Write(MemoryMarshal.AsBytes(chunk.AsSpan(0, count)));
                }
            }
        });

    public static void Write(Stream file, bool compressed, LabelVolume labels) =>
        Write(file, compressed, labels.Geometry, 1, NiftiType.UInt8, to => to.Write(labels.Labels));

    private static void Write(Stream file, bool compressed, VolumeGeometry geometry, int channels, int type,
        Action<Stream> writeVoxels)
    {
        int bytes = type == NiftiType.UInt8 ? 1 : sizeof(float);
        bool isOld = Math.Max(Math.Max(geometry.Width, geometry.Height),
            Math.Max(geometry.Depth, channels)) <= short.MaxValue;
        byte[] header = isOld ? Header1(geometry, channels, type, bytes) : Header2(geometry, channels, type, bytes);
        if (!compressed)
        {
            file.Write(header);
            writeVoxels(file);
            return;
        }

        using GZipStream packed = new(file, CompressionLevel.Optimal, leaveOpen: true);
        packed.Write(header);
        writeVoxels(packed);
    }

    private static byte[] Header1(VolumeGeometry g, int channels, int type, int bytes)
    {
        byte[] h = new byte[NiftiHeader.Size1 + 4];
        NiftiForms forms = g.Forms ?? NiftiForms.Of(g.Affine);
        Int(h, 0, NiftiHeader.Size1);
        short[] dims = [(short)(channels == 1 ? 3 : 4), (short)g.Width, (short)g.Height, (short)g.Depth,
            (short)channels, 1, 1, 1];
        for (int i = 0; i < dims.Length; i++)
        {
            Short(h, 40 + (2 * i), dims[i]);
        }

        Short(h, 70, (short)type);
        Short(h, 72, (short)(8 * bytes));
        Floats(h, 76, [.. forms.Pixdim, 1, 1, 1, 1]);
        Floats(h, 108, [h.Length, 1, 0]);
        h[123] = (byte)(forms.Units & 7);
        Encoding.ASCII.GetBytes("Krait").CopyTo(h, 148);
        Short(h, 252, (short)forms.QformCode);
        Short(h, 254, (short)forms.SformCode);
        Floats(h, 256, [.. forms.Quaternion, .. forms.Srow]);
        "n+1\0"u8.CopyTo(h.AsSpan(344));
        return h;
    }

    private static byte[] Header2(VolumeGeometry g, int channels, int type, int bytes)
    {
        byte[] h = new byte[NiftiHeader.Size2 + 4];
        NiftiForms forms = g.Forms ?? NiftiForms.Of(g.Affine);
        Int(h, 0, NiftiHeader.Size2);
        "n+2\0\r\n\u001a\n"u8.CopyTo(h.AsSpan(4));
        Short(h, 12, (short)type);
        Short(h, 14, (short)(8 * bytes));
        long[] dims = [channels == 1 ? 3 : 4, g.Width, g.Height, g.Depth, channels, 1, 1, 1];
        for (int i = 0; i < dims.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(h.AsSpan(16 + (8 * i)), dims[i]);
        }

        Doubles(h, 104, [.. forms.Pixdim, 1, 1, 1, 1]);
        BinaryPrimitives.WriteInt64LittleEndian(h.AsSpan(168), h.Length);
        Doubles(h, 176, [1, 0]);
        Encoding.ASCII.GetBytes("Krait").CopyTo(h, 240);
        Int(h, 344, forms.QformCode);
        Int(h, 348, forms.SformCode);
        Doubles(h, 352, [.. forms.Quaternion, .. forms.Srow]);
        Int(h, 500, forms.Units & 7);
        return h;
    }

    private static void Short(byte[] h, int at, short value) =>
        BinaryPrimitives.WriteInt16LittleEndian(h.AsSpan(at), value);

    private static void Int(byte[] h, int at, int value) =>
        BinaryPrimitives.WriteInt32LittleEndian(h.AsSpan(at), value);

    private static void Floats(byte[] h, int at, double[] values)
    {
        foreach (double v in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(h.AsSpan(at), (float)v);
            at += sizeof(float);
        }
    }

    private static void Doubles(byte[] h, int at, double[] values)
    {
        foreach (double v in values)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(h.AsSpan(at), v);
            at += sizeof(double);
        }
    }
}
