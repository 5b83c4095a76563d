using System.Text;
using Orrery.Live.Load;

namespace Orrery.Live.Tests.Load;

public sealed class SseReaderTests
{
    private const string Stream = ": hello\r\nevent: x\r\ndata: one\r\n\r\ndata:two\n\nid: 7\n\n\ndata: a\rdata:  b\r\rdata\n\ndata: [DONE]\n\n";

    private static readonly string[] Expected = ["one", "two", "a\n b", "", "[DONE]"];

    [Fact]
    public void Events_are_the_same_wherever_the_bytes_are_cut()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Stream);
        for (int first = 0; first <= bytes.Length; first++)
            for (int second = first; second <= bytes.Length; second++)
                Assert.Equal(Expected, Read(bytes, first, second));
    }

    [Fact]
    public void Events_are_the_same_byte_by_byte()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Stream);
        Assert.Equal(Expected, Read(bytes, [.. Enumerable.Range(1, bytes.Length - 1)]));
    }

    [Fact]
    public void A_last_event_without_its_empty_line_is_found_at_the_end()
    {
        SseReader reader = new();
        Feed(reader, "data: x\n\ndata: y"u8);
        Assert.True(reader.TryRead(out ReadOnlySpan<byte> data));
        Assert.Equal("x", Encoding.UTF8.GetString(data));
        Assert.False(reader.TryRead(out _));
        Assert.True(reader.TryFinish(out data));
        Assert.Equal("y", Encoding.UTF8.GetString(data));
        Assert.False(reader.TryFinish(out _));
    }

    [Fact]
    public void Events_longer_than_the_buffer_come_whole()
    {
        string text = new('x', 100_000);
        byte[] bytes = Encoding.UTF8.GetBytes($"data: {text}\n\n");
        Assert.Equal([text], Read(bytes, [.. Enumerable.Range(1, bytes.Length / 1000).Select(i => 1000 * i)]));
    }

    [Fact]
    public void An_event_without_end_is_no_event_stream()
    {
        SseReader reader = new();
        byte[] junk = new byte[SseReader.LongestEventBytes + 1];
        Assert.Throws<InvalidDataException>(() =>
        {
            Feed(reader, junk);
            Feed(reader, junk);
        });
    }

    [Fact]
    public void A_reader_that_is_used_again_remembers_nothing()
    {
        SseReader reader = new();
        Feed(reader, "data: rest\ndata: of"u8);
        Assert.False(reader.TryRead(out _));
        reader.Reset();
        Feed(reader, "data: new\n\n"u8);
        Assert.True(reader.TryRead(out ReadOnlySpan<byte> data));
        Assert.Equal("new", Encoding.UTF8.GetString(data));
    }

    private static List<string> Read(byte[] bytes, params int[] cuts)
    {
        List<string> events = [];
        SseReader reader = new();
        int at = 0;
        foreach (int cut in cuts.Append(bytes.Length))
        {
            Feed(reader, bytes.AsSpan(at, cut - at));
            at = cut;
            while (reader.TryRead(out ReadOnlySpan<byte> data)) events.Add(Encoding.UTF8.GetString(data));
        }
        if (reader.TryFinish(out ReadOnlySpan<byte> rest)) events.Add(Encoding.UTF8.GetString(rest));
        return events;
    }

    private static void Feed(SseReader reader, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> free = reader.Free().Span;
            int count = Math.Min(free.Length, bytes.Length);
            bytes[..count].CopyTo(free);
            reader.Filled(count);
            bytes = bytes[count..];
        }
    }
}
