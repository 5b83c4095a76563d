using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Api;

/// <summary>A response of server-sent events, written straight into the connection's buffer.</summary>
internal sealed class EventStream : IDisposable
{
    private readonly PipeWriter _output;
    private readonly Utf8JsonWriter _writer;

    public EventStream(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        // Proxies that collect answers would hold tokens back.
        response.Headers["X-Accel-Buffering"] = "no";
        _output = response.BodyWriter;
        _writer = new(_output, JsonNames.Options);
    }

    /// <summary>Bytes written so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Begins an event whose data is one JSON value.</summary>
    public Utf8JsonWriter Open()
    {
        Write("data: "u8);
        _writer.Reset();
        return _writer;
    }

    /// <summary>Ends the event.</summary>
    public void Close()
    {
        _writer.Flush();
        Bytes += _writer.BytesCommitted;
        Write("\n\n"u8);
    }

    public void WriteDone() => Write("data: [DONE]\n\n"u8);

    /// <summary>Hands over what was written. False: the client has left.</summary>
    public async ValueTask<bool> FlushAsync(CancellationToken aborted)
    {
        FlushResult result = await _output.FlushAsync(aborted).ConfigureAwait(false);
        return !result.IsCompleted && !result.IsCanceled;
    }

    public void Dispose() => _writer.Dispose();

    private void Write(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_output.GetSpan(text.Length));
        _output.Advance(text.Length);
        Bytes += text.Length;
    }
}
