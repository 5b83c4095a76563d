using System.Buffers;

namespace Orrery.Live.Gateway;

internal static class Output
{
    private const int MostBytes = 1 << 14;

    /// <summary>Writes bytes by asking for room of their size: before a response has started its writer may have none to offer unasked.</summary>
    public static void Put(this IBufferWriter<byte> writer, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, MostBytes);
            bytes[..count].CopyTo(writer.GetSpan(count));
            writer.Advance(count);
            bytes = bytes[count..];
        }
    }
}
