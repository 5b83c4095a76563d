using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>One request on its way through the server, and what its line in the log says.</summary>
internal sealed class ApiCall
{
    private readonly long _began;
    private long _first;

    public ApiCall(HttpContext context, string id, TimeProvider time)
    {
        (Context, Id, Time) = (context, id, time);
        _began = time.GetTimestamp();
    }

    public HttpContext Context { get; }

    public TimeProvider Time { get; }

    /// <summary>Name of the request in the response and in the log.</summary>
    public string Id { get; }

    /// <summary>Name of the API key that came with it; empty where none is needed.</summary>
    public string Client { get; set; } = "";

    /// <summary>What was asked for.</summary>
    public string? Model { get; set; }

    public StreamUsage Usage { get; set; }

    /// <summary>Why it ended as it did, where the status does not say it.</summary>
    public string? Note { get; set; }

    /// <summary>How its first answer ended; null where none did.</summary>
    public string? Finish { get; set; }

    /// <summary>Bytes of the body that were read.</summary>
    public long BytesIn { get; set; }

    /// <summary>Bytes of the response that were written, without headers.</summary>
    public long BytesOut { get; set; }

    public double ElapsedSeconds => Time.GetElapsedTime(_began).TotalSeconds;

    /// <summary>From the request to the first piece of an answer; null where none came.</summary>
    public double? FirstSeconds => _first == 0 ? null : Time.GetElapsedTime(_began, _first).TotalSeconds;

    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>A piece of an answer came.</summary>
    public void SawPiece()
    {
        if (_first == 0) _first = Time.GetTimestamp();
    }

    /// <summary>Sends a JSON document.</summary>
    public async Task SendAsync(int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (Utf8JsonWriter writer = new(buffer, JsonNames.Options)) write(writer);
        await SendAsync(status, "application/json; charset=utf-8", buffer.WrittenMemory).ConfigureAwait(false);
    }

    public async Task SendAsync(int status, string contentType, ReadOnlyMemory<byte> body)
    {
        HttpResponse response = Context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        BytesOut += body.Length;
        await response.BodyWriter.WriteAsync(body, Aborted).ConfigureAwait(false);
    }

    public Task SendAsync(ApiError error)
    {
        if (error.RetryAfterSeconds is { } seconds) Context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return SendAsync(error.Status, error.Write);
    }
}
