using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Gateway;

/// <summary>One attempt at one upstream: sends the request and relays what comes back. When it returns, nothing of it is still under way.</summary>
internal sealed class UpstreamCall(HttpMessageInvoker http, GatewaySettings settings, TimeProvider time, Dispatcher dispatcher, GatewayMetrics metrics)
{
    private const string EventStream = "text/event-stream";

    /// <summary>Where an upstream that is full does not say when to come again.</summary>
    private const string SoonSeconds = "1";

    private readonly StreamRelay _streams = new(settings, time, dispatcher, metrics);

    /// <summary>What connections throw when they break, are refused, or are given up by us.</summary>
    public static bool IsOfConnection(Exception exception) => exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException;

    /// <param name="retriesLeft">Whether the caller could try again: then an error of the upstream is not relayed but given back.</param>
    public async Task<CallResult> RunAsync(
        HttpContext context, GatewayRequest request, Flight flight, AnswerUsage usage, bool retriesLeft, CancellationToken stopping)
    {
        using SilenceLimit silence = new(settings.Silence, time);
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, silence.Token, stopping);
        RelayContext relay = new(context, flight, usage, silence, IsCompletion(request.Path), stopping, abort.Token);
        HttpResponseMessage? answer = null;
        CallResult result = new(AttemptEnd.Failed);
        try
        {
            using HttpRequestMessage message = Message(context, request, flight);
            answer = await http.SendAsync(message, abort.Token);
            silence.End();
            result = await TakeAsync(answer, relay, retriesLeft);
        }
        catch (Exception broken) when (IsOfConnection(broken))
        {
            result = relay.Failed(Refusals.Unreachable(flight.Upstream.Name), AttemptEnd.Failed, mayRetry: true);
        }
        finally
        {
            await abort.CancelAsync();
            answer?.Dispose();
            dispatcher.End(flight, result.End);
        }
        return result;
    }

    private async Task<CallResult> TakeAsync(HttpResponseMessage answer, RelayContext relay, bool retriesLeft)
    {
        Upstream upstream = relay.Flight.Upstream;
        int status = (int)answer.StatusCode;
        switch (status)
        {
            case StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden:
                // It is our key that it refuses, not the client's.
                return new(AttemptEnd.Failed, Refusals.Key(upstream.Name), dispatcher.HasUntried(relay.Flight.Ticket, upstream));
            case StatusCodes.Status429TooManyRequests:
                if (retriesLeft && dispatcher.HasUntried(relay.Flight.Ticket, upstream)) return new(AttemptEnd.Busy, Refusals.Status(upstream.Name, status), MayRetry: true);
                return await AnswerRelay.RunAsync(answer, relay, AttemptEnd.Busy, SoonSeconds);
            case StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable when retriesLeft:
                return new(AttemptEnd.Failed, Refusals.Status(upstream.Name, status), MayRetry: true);
            case StatusCodes.Status503ServiceUnavailable:
                return await AnswerRelay.RunAsync(answer, relay, AttemptEnd.Failed, SoonSeconds);
            case >= StatusCodes.Status500InternalServerError:
                return await AnswerRelay.RunAsync(answer, relay, AttemptEnd.Failed);
            case >= StatusCodes.Status400BadRequest:
                return await AnswerRelay.RunAsync(answer, relay, AttemptEnd.Rejected);
            case < StatusCodes.Status200OK or >= StatusCodes.Status300MultipleChoices:
                return new(AttemptEnd.Failed, Refusals.Status(upstream.Name, status), MayRetry: true);
        }
        dispatcher.Answered(relay.Flight);
        bool isStream = answer.Content.Headers.ContentType?.MediaType == EventStream;
        return isStream ? await _streams.RunAsync(answer, relay) : await AnswerRelay.RunAsync(answer, relay, AttemptEnd.Succeeded);
    }

    private HttpRequestMessage Message(HttpContext context, GatewayRequest request, Flight flight)
    {
        UpstreamSettings upstream = flight.Upstream.Settings;
        string own = dispatcher.OwnName(flight);
        ReadOnlyMemory<byte> body = own == request.Model ? request.Body : Renamed(request.Body, own);
        HttpRequestMessage message = new(HttpMethod.Post, Address(upstream, request.Path)) { Content = new ReadOnlyMemoryContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        message.Content.Headers.ContentLength = body.Length;
        Headers.ToUpstream(context, upstream.Key, message.Headers);
        return message;
    }

    public static Uri Address(UpstreamSettings upstream, string path) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{upstream.Url.AbsoluteUri.TrimEnd('/')}{path}"));

    private static ReadOnlyMemory<byte> Renamed(ReadOnlyMemory<byte> body, string own)
    {
        try
        {
            return RequestOutline.WithModel(body, own);
        }
        catch (JsonException)
        {
            // The upstream says what is wrong with it.
            return body;
        }
    }

    /// <summary>Streams of these endpoints close with an event of their own.</summary>
    private static bool IsCompletion(string path) => path.EndsWith("/completions", StringComparison.Ordinal);
}
