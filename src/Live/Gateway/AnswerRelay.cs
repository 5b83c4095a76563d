using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Gateway;

/// <summary>Relays an answer that is no stream: whole where it fits, so that one that breaks off becomes an error and not half an answer.</summary>
internal static class AnswerRelay
{
    /// <summary>Answers up to this are held until they are whole: embeddings of a large batch fit (our choice, d).</summary>
    private const int HeldBytes = 4 << 20;

    private const int ReadBytes = 16 * 1024;

    /// <param name="end">What the attempt counts as when the answer arrives whole.</param>
    /// <param name="retryAfter">Value of Retry-After where the upstream gives none; null adds none.</param>
    public static async Task<CallResult> RunAsync(HttpResponseMessage answer, RelayContext relay, AttemptEnd end, string? retryAfter = null)
    {
        ArrayBufferWriter<byte> held = new();
        bool isWhole = false;
        HttpResponse response = relay.Http.Response;
        try
        {
            await using Stream body = await answer.Content.ReadAsStreamAsync(relay.Abort);
            while (!isWhole && held.WrittenCount < HeldBytes) isWhole = !await ReadAsync(body, held, relay);
            Head(answer, response, retryAfter);
            if (isWhole)
            {
                Note(held.WrittenSpan, relay, end);
                response.ContentLength = held.WrittenCount;
                response.BodyWriter.Put(held.WrittenSpan);
                await response.BodyWriter.FlushAsync(relay.Abort);
            }
            while (!isWhole)
            {
                response.BodyWriter.Put(held.WrittenSpan);
                await response.BodyWriter.FlushAsync(relay.Abort);
                held.ResetWrittenCount();
                isWhole = !await ReadAsync(body, held, relay);
            }
        }
        catch (Exception broken) when (UpstreamCall.IsOfConnection(broken))
        {
            if (!response.HasStarted && !isWhole)
            {
                response.Clear();
                return relay.Failed(Refusals.Broken(relay.Flight.Upstream.Name), AttemptEnd.Broken, mayRetry: held.WrittenCount == 0);
            }
            // Cutting the connection is the only way left to say that it is not whole.
            relay.Http.Abort();
            return new(relay.HasClient ? AttemptEnd.Broken : AttemptEnd.Abandoned);
        }
        return new(relay.HasClient ? end : AttemptEnd.Abandoned);
    }

    private static void Head(HttpResponseMessage answer, HttpResponse response, string? retryAfter)
    {
        response.StatusCode = (int)answer.StatusCode;
        Headers.ToClient(answer, response);
        if (retryAfter is not null && response.Headers.RetryAfter.Count == 0) response.Headers.RetryAfter = retryAfter;
    }

    private static void Note(ReadOnlySpan<byte> json, RelayContext relay, AttemptEnd end)
    {
        if (end != AttemptEnd.Succeeded) return;
        relay.Usage.IsServed = true;
        relay.Usage.Add(ChunkFacts.OfJson(json));
    }

    private static async ValueTask<bool> ReadAsync(Stream body, ArrayBufferWriter<byte> held, RelayContext relay)
    {
        relay.Silence.Begin();
        int read = await body.ReadAsync(held.GetMemory(ReadBytes), relay.Abort);
        relay.Silence.End();
        held.Advance(read);
        return read > 0;
    }
}
