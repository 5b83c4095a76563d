using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Api;

/// <summary>A response of server-sent events, written straight into the connection's buffer.</summary>
internal sealed class EventStream : IDisposable
{
    /// <summary>What a client that reads nothing may hold up: buffers are full by then (our choice, d).</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly HttpContext _context;
    private readonly TimeProvider _time;
    private readonly PipeWriter _output;
    private readonly Utf8JsonWriter _writer;

    public EventStream(HttpContext context, TimeProvider time)
    {
        _context = context;
        _time = time;
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

    /// <summary>Hands over what was written. False: the client has left, or has taken nothing for so long that it is taken for gone.</summary>
    public ValueTask<bool> FlushAsync(CancellationToken aborted)
    {
        ValueTask<FlushResult> flush = _output.FlushAsync(aborted);
        // A reader that keeps up costs no timer.
        return flush.IsCompletedSuccessfully ? new(IsOpen(flush.Result)) : WaitAsync(flush.AsTask());
    }

    private static bool IsOpen(FlushResult result) => !result.IsCompleted && !result.IsCanceled;

    private async ValueTask<bool> WaitAsync(Task<FlushResult> flush)
    {
        try
        {
            return IsOpen(await flush.WaitAsync(Patience, _time).ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            _context.Abort();
            return false;
        }
    }

    public void Dispose() => _writer.Dispose();

    private void Write(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_output.GetSpan(text.Length));
        _output.Advance(text.Length);
        Bytes += text.Length;
    }
}
