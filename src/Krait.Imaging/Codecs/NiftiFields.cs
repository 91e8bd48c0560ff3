using System.Buffers.Binary;

namespace Krait.Imaging.Codecs;

/// <summary>The fields of a NIfTI header at their places, in either version and byte order.</summary>
internal readonly ref struct NiftiFields(ReadOnlySpan<byte> header, bool isBigEndian, int version)
{
    private readonly ReadOnlySpan<byte> header = header;
    private readonly bool isOld = version == 1;

    public ReadOnlySpan<byte> Magic => isOld ? header.Slice(344, 4) : header.Slice(4, 8);
    public int TypeCode => Short(isOld ? 70 : 12);
    public double Offset => isOld ? Float(108) : Long(168);
    public double Slope => isOld ? Float(112) : Double(176);
    public double Intercept => isOld ? Float(116) : Double(184);

    public NiftiForms Forms => new()
    {
        QformCode = isOld ? Short(252) : Int(344),
        SformCode = isOld ? Short(254) : Int(348),
        Pixdim = Reals(isOld ? 76 : 104, 4),
        Quaternion = Reals(isOld ? 256 : 352, 6),
        Srow = Reals(isOld ? 280 : 400, 12),
        Units = isOld ? header[123] : Int(500),
    };

    /// <summary>Number of axes, then their lengths.</summary>
    public long[] Dims
    {
        get
        {
            long[] dims = new long[8];
            for (int i = 0; i < dims.Length; i++)
            {
                dims[i] = isOld ? Short(40 + (2 * i)) : Long(16 + (8 * i));
            }

            return dims;
        }
    }

    private double[] Reals(int at, int count)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = isOld ? Float(at + (4 * i)) : Double(at + (8 * i));
        }

        return values;
    }

    private short Short(int at) => isBigEndian
        ? BinaryPrimitives.ReadInt16BigEndian(header[at..]) : BinaryPrimitives.ReadInt16LittleEndian(header[at..]);

    private int Int(int at) => isBigEndian
        ? BinaryPrimitives.ReadInt32BigEndian(header[at..]) : BinaryPrimitives.ReadInt32LittleEndian(header[at..]);

    private long Long(int at) => isBigEndian
        ? BinaryPrimitives.ReadInt64BigEndian(header[at..]) : BinaryPrimitives.ReadInt64LittleEndian(header[at..]);

    private float Float(int at) => BitConverter.Int32BitsToSingle(Int(at));

    private double Double(int at) => BitConverter.Int64BitsToDouble(Long(at));
}
