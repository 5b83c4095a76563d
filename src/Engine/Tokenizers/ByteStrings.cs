using System.Buffers.Binary;

namespace Orrery.Engine.Tokenizers;

/// <summary>Byte strings with consecutive numbers: found by content, read by number. Open addressing over one block of bytes.</summary>
internal sealed class ByteStrings
{
    private const ulong Mixer = 0x9E3779B97F4A7C15;

    private byte[] _bytes;
    private int[] _starts;
    private int[] _slots;

    /// <param name="count">Expected number of strings.</param>
    public ByteStrings(int count)
    {
        _bytes = new byte[8 * Math.Max(count, 2)];
        _starts = new int[Math.Max(count, 2) + 1];
        _slots = NewSlots(count);
    }

    public int Count { get; private set; }

    public int LongestBytes { get; private set; }

    public ReadOnlySpan<byte> this[int number] => _bytes.AsSpan(_starts[number], _starts[number + 1] - _starts[number]);

    /// <returns>The number of the string, or -1.</returns>
    public int Find(ReadOnlySpan<byte> text)
    {
        if (text.Length > LongestBytes) return -1;
        int mask = _slots.Length - 1;
        for (int slot = (int)Hash(text) & mask; ; slot = (slot + 1) & mask)
        {
            int number = _slots[slot];
            if (number < 0) return -1;
            if (this[number].SequenceEqual(text)) return number;
        }
    }

    /// <summary>Appends the string under the next number. A string that is there already keeps being found by its first number.</summary>
    public int Add(ReadOnlySpan<byte> text)
    {
        int number = Append(text);
        Enter(number);
        return number;
    }

    /// <summary>Takes a number for a string that can only be read, never found.</summary>
    public int Append(ReadOnlySpan<byte> text)
    {
        int start = _starts[Count];
        if (start + text.Length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(start + text.Length, 2 * _bytes.Length));
        if (Count + 1 >= _starts.Length) Array.Resize(ref _starts, 2 * _starts.Length);
        text.CopyTo(_bytes.AsSpan(start));
        _starts[Count + 1] = start + text.Length;
        return Count++;
    }

    /// <summary>A fast hash of few bytes; it decides places, never results.</summary>
    public static uint Hash(ReadOnlySpan<byte> text)
    {
        ulong hash = (ulong)text.Length * Mixer;
        while (text.Length >= sizeof(ulong))
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text)) * Mixer;
            hash ^= hash >> 32;
            text = text[sizeof(ulong)..];
        }
        ulong rest = 0;
        foreach (byte value in text) rest = rest << 8 | value;
        hash = (hash ^ rest) * Mixer;
        return (uint)(hash ^ hash >> 29 ^ hash >> 32);
    }

    private static int[] NewSlots(int count)
    {
        int[] slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(2 * Math.Max(count, 8)))];
        Array.Fill(slots, -1);
        return slots;
    }

    private void Enter(int number)
    {
        if (2 * Count > _slots.Length)
        {
            int[] old = _slots;
            _slots = NewSlots(2 * Count);
            foreach (int known in old)
            {
                if (known >= 0) Place(known);
            }
        }
        Place(number);
        LongestBytes = Math.Max(LongestBytes, this[number].Length);
    }

    private void Place(int number)
    {
        ReadOnlySpan<byte> text = this[number];
        int mask = _slots.Length - 1;
        int slot = (int)Hash(text) & mask;
        while (_slots[slot] >= 0)
        {
            if (this[_slots[slot]].SequenceEqual(text)) return;
            slot = (slot + 1) & mask;
        }
        _slots[slot] = number;
    }
}
