using System.Buffers.Binary;
using System.Text;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>Reads forward through an image and never past its end.</summary>
internal sealed unsafe class GgufCursor(GgufImage image, long position = 0)
{
    /// <summary>Keys may have 65535 bytes (b); names of tensors are much shorter.</summary>
    private const int MostNameBytes = 65535;

    /// <summary>A hostile name may be long; the sentence about it is not.</summary>
    private const int MostErrorLetters = 300;

    public GgufImage Image { get; } = image;

    public long Position { get; private set; } = position;

    public long Remaining => Image.Length - Position;

    public uint U32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), what));

    public ulong U64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), what));

    /// <summary>A count of things that take at least so many bytes each, checked against what is left of the file.</summary>
    public long Count(int leastBytesEach, string what)
    {
        long at = Position;
        ulong count = U64(what);
        if (count > (ulong)(Remaining / leastBytesEach))
            throw Broken($"{what} is given as {count} at byte {at}, more than the {Image.Length} bytes of the file can hold");
        return (long)count;
    }

    /// <summary>A key or a tensor's name.</summary>
    public string Name(string what)
    {
        long length = Count(1, "the length of " + what);
        if (length > MostNameBytes) throw Broken($"{what} at byte {Position} has {length} bytes, more than the {MostNameBytes} that the format allows");
        string name = Encoding.UTF8.GetString(Take((int)length, what));
        // Names stand in errors and tables; a line feed or an escape has no place there.
        return name.Any(char.IsControl) ? throw Broken($"{what} at byte {Position - length} has control characters") : name;
    }

    /// <summary>A text of the metadata. Bytes that are no UTF-8 become U+FFFD.</summary>
    public string Text(string what)
    {
        long length = Count(1, "the length of " + what);
        if (length > Array.MaxLength / sizeof(char)) throw Broken($"{what} at byte {Position} has {length} bytes, more than a text may have");
        return Encoding.UTF8.GetString(Take((int)length, what));
    }

    public void SkipText(string what) => Skip(Count(1, "the length of " + what), what);

    public ReadOnlySpan<byte> Take(int count, string what)
    {
        long from = Position;
        Skip(count, what);
        return new ReadOnlySpan<byte>(Image.Start + from, count);
    }

    public void Skip(long count, string what)
    {
        if (count > Remaining) throw Broken($"the file ends at byte {Image.Length} within {what}, which starts at byte {Position}");
        Position += count;
    }

    /// <summary>Moves on to a multiple of the alignment; null where the file ends before.</summary>
    public long? Aligned(long alignment)
    {
        long over = Position % alignment;
        if (over == 0) return Position;
        long gap = alignment - over;
        return gap <= Remaining ? Position + gap : null;
    }

    public InputException Broken(string what) => Broken(Image.Name, what);

    /// <summary>The sentence of a file that says something impossible.</summary>
    public static InputException Broken(string name, string what) =>
        new($"{name}: {(what.Length <= MostErrorLetters ? what : what[..MostErrorLetters] + "...")}; the file is cut off or damaged: fetch or make it again");
}
