using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers;

/// <summary>
/// Writes requests as Orrery CSV that reads back to equal requests: nanoseconds as nine decimals, spans as <c>content</c> where one
/// prefix does not say it all.
/// Labels are quoted where needed; a line break in one becomes a space.
/// </summary>
public static class TraceWriter
{
    private const string Header = "arrival_seconds,prompt_tokens,output_tokens,id,client,priority,adapter,prefix_id,prefix_tokens,session,max_tokens,slo_ttft_seconds,slo_tpot_seconds,timeout_seconds,cancel_seconds,calls,content,output_id\n";

    /// <summary>Writes a source to its end.</summary>
    /// <param name="source">What to write.</param>
    /// <param name="output">Stays open.</param>
    /// <param name="assumedLatency">Closed-loop sources: every request counts as finished this long after its arrival.</param>
    /// <returns>Requests written.</returns>
    public static long Write(ITrafficSource source, Stream output, Duration assumedLatency = default)
    {
        const int flushBytes = 1 << 16;
        var buffer = new ArrayBufferWriter<byte>(2 * flushBytes);
        Text(buffer, Header);
        long written = SourceDrain.ForEach(source, assumedLatency, request =>
        {
            Row(buffer, request, source.ClientName(request.Client));
            if (buffer.WrittenCount < flushBytes) return;
            output.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        });
        output.Write(buffer.WrittenSpan);
        return written;
    }

    /// <summary>The first line of a file whose rows come one by one.</summary>
    public static void AppendHeader(ArrayBufferWriter<byte> buffer) => Text(buffer, Header);

    /// <summary>One request as a row.</summary>
    public static void Append(ArrayBufferWriter<byte> buffer, Request request, string client) => Row(buffer, request, client);

    private static void Row(ArrayBufferWriter<byte> buffer, Request request, string client)
    {
        bool onePrefix = request.Content is { Length: 1 };
        Seconds(buffer, request.Arrival.Nanoseconds);
        Field(buffer, request.PromptTokens, true);
        Field(buffer, request.OutputTokens, true);
        Comma(buffer);
        if (request.Label is not null) Quoted(buffer, request.Label);
        Comma(buffer);
        Quoted(buffer, client);
        Field(buffer, request.Priority, request.Priority != 0);
        Field(buffer, request.Adapter, request.Adapter >= 0);
        Comma(buffer);
        if (onePrefix) Number(buffer, request.Content![0].ContentId);
        Field(buffer, onePrefix ? request.Content![0].Tokens : 0, onePrefix);
        Field(buffer, request.Session, request.Session >= 0);
        Field(buffer, request.MaxTokens, request.MaxTokens != 0);
        Span(buffer, request.TtftLimit, request.TtftLimit != Duration.Zero);
        Span(buffer, request.TpotLimit, request.TpotLimit != Duration.Zero);
        Span(buffer, request.Timeout, !request.Timeout.IsInfinite);
        Span(buffer, request.CancelAfter, !request.CancelAfter.IsInfinite);
        Comma(buffer);
        Calls(buffer, request.Calls);
        Comma(buffer);
        if (!onePrefix) Spans(buffer, request.Content);
        Comma(buffer);
        if (request.OutputContentId != 0) Number(buffer, request.OutputContentId);
        Byte(buffer, (byte)'\n');
    }

    private static void Calls(ArrayBufferWriter<byte> buffer, ToolCall[]? calls)
    {
        for (int i = 0; i < (calls?.Length ?? 0); i++)
        {
            if (i > 0) Byte(buffer, (byte)';');
            Number(buffer, calls![i].AfterTokens);
            Byte(buffer, (byte)':');
            Seconds(buffer, calls[i].Duration.Nanoseconds);
            Byte(buffer, (byte)':');
            Number(buffer, calls[i].ReturnTokens);
        }
    }

    private static void Spans(ArrayBufferWriter<byte> buffer, TokenSpan[]? spans)
    {
        for (int i = 0; i < (spans?.Length ?? 0); i++)
        {
            if (i > 0) Byte(buffer, (byte)';');
            Number(buffer, spans![i].ContentId);
            Byte(buffer, (byte)':');
            Number(buffer, spans[i].Tokens);
        }
    }

    private static void Field(ArrayBufferWriter<byte> buffer, long value, bool present)
    {
        Comma(buffer);
        if (present) Number(buffer, value);
    }

    private static void Span(ArrayBufferWriter<byte> buffer, Duration value, bool present)
    {
        Comma(buffer);
        if (present) Seconds(buffer, value.Nanoseconds);
    }

    private static void Seconds(ArrayBufferWriter<byte> buffer, long nanoseconds)
    {
        (long whole, long fraction) = Math.DivRem(nanoseconds, Duration.NanosecondsPerSecond);
        Number(buffer, whole);
        if (fraction == 0) return;
        Byte(buffer, (byte)'.');
        Span<byte> digits = stackalloc byte[9];
        Utf8Formatter.TryFormat(fraction, digits, out _, new StandardFormat('D', 9));
        buffer.Write(digits.TrimEnd((byte)'0'));
    }

    private static void Number(ArrayBufferWriter<byte> buffer, long value)
    {
        Utf8Formatter.TryFormat(value, buffer.GetSpan(20), out int length);
        buffer.Advance(length);
    }

    private static void Number(ArrayBufferWriter<byte> buffer, ulong value)
    {
        Utf8Formatter.TryFormat(value, buffer.GetSpan(20), out int length);
        buffer.Advance(length);
    }

    private static void Quoted(ArrayBufferWriter<byte> buffer, string text)
    {
        string line = text.Replace('\n', ' ').Replace('\r', ' ');
        bool plain = line.AsSpan().IndexOfAny(',', '"') < 0;
        Text(buffer, plain ? line : "\"" + line.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"");
    }

    private static void Text(ArrayBufferWriter<byte> buffer, string text)
    {
        int length = Encoding.UTF8.GetBytes(text, buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)));
        buffer.Advance(length);
    }

    private static void Comma(ArrayBufferWriter<byte> buffer) => Byte(buffer, (byte)',');

    private static void Byte(ArrayBufferWriter<byte> buffer, byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }
}
