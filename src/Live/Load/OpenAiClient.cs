using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Orrery.Live.Load;

/// <summary>The client side of the streamed completion endpoints, made to measure: every token is stamped when its bytes are read.</summary>
/// <remarks>
/// Refused: 429 and 503, and any other status from 400 to 499. Failed: the other ones, a connection that cannot be made or breaks, a stream that ends
/// without a reason, an error in the stream, anything that is no event stream.
/// </remarks>
public sealed class OpenAiClient(OpenAiServer server, RequestShape shape, TimeProvider time) : IStreamClient
{
    private const int MostErrorBytes = 1 << 14;

    private readonly ConcurrentBag<SseReader> _spares = [];

    public async Task<StreamResult> SendAsync(IExchange exchange, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        // Writing the body and the socket is not for the task that keeps the schedule.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var content = new ReadOnlyMemoryContent(shape.Write(exchange));
            content.Headers.ContentType = new("application/json");
            using HttpRequestMessage request = server.Request(HttpMethod.Post, shape.Path, content);
            exchange.Sent(time.GetTimestamp());
            using HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK) return await RefusedAsync(response, cancellation).ConfigureAwait(false);
            return IsEventStream(response.Content.Headers.ContentType)
                ? await ReadAsync(exchange, response, cancellation).ConfigureAwait(false)
                : new(StreamClose.Failed, $"the answer is {response.Content.Headers.ContentType?.MediaType ?? "of no type"} and no event stream");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(StreamClose.Left);
        }
        catch (HttpRequestException failure)
        {
            return new(StreamClose.Failed, OpenAiServer.Describe(failure));
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            return new(StreamClose.Failed, "the connection broke");
        }
        catch (Exception failure) when (failure is JsonException or InvalidDataException or InvalidOperationException)
        {
            return new(StreamClose.Failed, "the stream holds something that is no completion event");
        }
    }

    private static bool IsEventStream(MediaTypeHeaderValue? type) => type?.MediaType == "text/event-stream";

    private static async Task<StreamResult> RefusedAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        byte[] body = await OpenAiServer.BodyAsync(response, MostErrorBytes, cancellation).ConfigureAwait(false);
        int status = (int)response.StatusCode;
        string reason = string.Create(CultureInfo.InvariantCulture, $"{status}: {ErrorBody.Message(body)}");
        bool isRefusal = status is (>= 400 and < 500) or 503;
        return new(isRefusal ? StreamClose.Refused : StreamClose.Failed, reason);
    }

    private async Task<StreamResult> ReadAsync(IExchange exchange, HttpResponseMessage response, CancellationToken cancellation)
    {
        if (!_spares.TryTake(out SseReader? sse)) sse = new();
        sse.Reset();
        StreamState state = new();
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                while (state.Error is null)
                {
                    // Also behind the last event: a connection whose answer was read to its end serves again.
                    int bytes = await stream.ReadAsync(sse.Free(), cancellation).ConfigureAwait(false);
                    long received = time.GetTimestamp();
                    if (bytes == 0) break;
                    sse.Filled(bytes);
                    Take(exchange, sse, received, ref state);
                }
            }
            catch (Exception) when (state.IsDone)
            {
                // All was said; whatever happens to the connection afterwards is not the answer's.
            }
        }
        if (state.Error is null && !state.IsDone && sse.TryFinish(out ReadOnlySpan<byte> last)) Event(exchange, last, time.GetTimestamp(), ref state);
        _spares.Add(sse);
        return state.Result();
    }

    private static void Take(IExchange exchange, SseReader sse, long received, ref StreamState state)
    {
        while (state.Error is null && sse.TryRead(out ReadOnlySpan<byte> data)) Event(exchange, data, received, ref state);
    }

    private static void Event(IExchange exchange, ReadOnlySpan<byte> data, long received, ref StreamState state)
    {
        if (StreamChunk.IsDone(data))
        {
            state.IsDone = true;
            return;
        }
        StreamChunk chunk = StreamChunk.Read(data);
        state.Error ??= chunk.Error;
        state.PromptTokens = chunk.PromptTokens ?? state.PromptTokens;
        state.CachedTokens = chunk.CachedTokens ?? state.CachedTokens;
        state.CompletionTokens = chunk.CompletionTokens ?? state.CompletionTokens;
        state.FinishReason = chunk.FinishReason ?? state.FinishReason;
        int tokens = chunk.TokensAfter(state.Tokens);
        if (tokens == 0) return;
        state.Tokens += tokens;
        exchange.Received(tokens, received);
    }

    private struct StreamState
    {
        public int Tokens;
        public bool IsDone;
        public int? PromptTokens;
        public int? CachedTokens;
        public int? CompletionTokens;
        public string? FinishReason;
        public string? Error;

        public readonly StreamResult Result()
        {
            bool isWhole = Error is null && (IsDone || FinishReason is not null);
            string? reason = isWhole ? null : Error is null ? "the stream broke off" : "error in the stream: " + Error;
            return new(isWhole ? StreamClose.Finished : StreamClose.Failed, reason)
            {
                PromptTokens = PromptTokens,
                CachedTokens = CachedTokens,
                CompletionTokens = isWhole ? CompletionTokens : null,
                FinishReason = FinishReason,
            };
        }
    }
}
