using System.Buffers;

namespace Orrery.Live.Gateway;

/// <summary>Cuts a stream of server-sent events where the blank lines are.</summary>
internal static class EventFrames
{
    /// <summary>Longest event that is passed on: beyond it the upstream is broken (our choice, d).</summary>
    public const int LongestEventBytes = 1 << 20;

    /// <summary>Takes the first whole event off the buffer, its blank line included.</summary>
    public static bool TryTake(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> serverEvent)
    {
        SequenceReader<byte> reader = new(buffer);
        while (reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            bool isBlank = line.IsEmpty || (line.Length == 1 && line.FirstSpan[0] == (byte)'\r');
            if (!isBlank) continue;
            serverEvent = buffer.Slice(0, reader.Position);
            buffer = buffer.Slice(reader.Position);
            return true;
        }
        serverEvent = default;
        return false;
    }
}
