using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Live.Api;
using Orrery.Live.Metrics;

namespace Orrery.Live.Hosting;

/// <summary>What Kestrel calls for each request: guards, the API, errors, the log.</summary>
internal sealed class ServerApplication(RequestGuard guard, ApiRouter router, ServiceState state, LiveServerParts parts) : IHttpApplication<HttpContext>
{
    /// <summary>Places of a mistake that its line in the log names (our choice, d).</summary>
    private const int NotedFrames = 6;

    // Names of requests differ between runs of the server, so that logs can be joined.
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private long _requests;

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // Nothing of a request outlives it.
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        var call = new ApiCall(context, $"{_run}-{Interlocked.Increment(ref _requests):x}", parts.Time);
        DateTimeOffset arrival = parts.Time.GetUtcNow();
        string path = context.Request.Path.Value ?? "";
        parts.Http.Begin();
        int status = await AnswerAsync(call).ConfigureAwait(false);
        parts.Http.End(router.PatternOf(path), status, call.BytesIn, call.BytesOut);
        RequestLog log = new()
        {
            Time = arrival,
            Id = call.Id,
            Endpoint = path,
            Client = call.Client,
            Model = call.Model ?? "",
            Status = status,
            PromptTokens = call.Usage.PromptTokens,
            CachedTokens = call.Usage.CachedTokens,
            CompletionTokens = call.Usage.CompletionTokens,
            TtftSeconds = call.FirstSeconds,
            TotalSeconds = call.ElapsedSeconds,
            Finish = call.Finish,
            Error = call.Note,
        };
        parts.Log?.Invoke(log);
        if (OperationOf(path) is { } operation && call.Model is { } model)
            parts.Tracing.Begin(operation, model, arrival, context.Request.Headers["traceparent"], context.Request.Headers["tracestate"]).End(log);
    }

    /// <summary>Names of the GenAI semantic conventions (b); null for what asks no model.</summary>
    private static string? OperationOf(string path) => path switch
    {
        "/v1/chat/completions" => "chat",
        "/v1/completions" => "text_completion",
        "/v1/embeddings" => "embeddings",
        _ => null,
    };

    private async Task<int> AnswerAsync(ApiCall call)
    {
        try
        {
            // Keeps clients from waiting on a connection that is about to close.
            if (state.IsDraining) call.Context.Response.Headers.Connection = "close";
            if (guard.Admit(call)) await router.AnswerAsync(call).ConfigureAwait(false);
            else call.Context.Response.StatusCode = StatusCodes.Status204NoContent;
            return call.Context.Response.StatusCode;
        }
        catch (ApiException refused)
        {
            call.Note = refused.Error.Code ?? refused.Error.Type;
            if (IsLimit(refused.Error.Status)) parts.Http.Refuse(call.Note);
            return await RefuseAsync(call, refused.Error).ConfigureAwait(false);
        }
        catch (Exception gone) when (call.Aborted.IsCancellationRequested && gone is OperationCanceledException or IOException)
        {
            call.Note = "the client left";
            return ApiError.ClientLeft;
        }
#pragma warning disable CA1031 // The last line of defence: a client never sees details, and other requests go on.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            // Messages may hold text of prompts; types and places do not.
            call.Note = $"{bug.GetType().Name} {string.Join(' ', (bug.StackTrace ?? "").Split('\n').Take(NotedFrames).Select(frame => frame.Trim()))}";
            return await RefuseAsync(call, ApiError.Internal()).ConfigureAwait(false);
        }
    }

    /// <summary>Refusals that a limit of the server causes, and not the request's own mistake.</summary>
    private static bool IsLimit(int status) => status is 401 or 403 or 408 or 413 or 429 or 503;

    private static async Task<int> RefuseAsync(ApiCall call, ApiError error)
    {
        HttpContext context = call.Context;
        if (context.Response.HasStarted)
        {
            // A response that is cut off cannot be taken for a whole one.
            context.Abort();
            return error.Status;
        }
        try
        {
            await call.SendAsync(error).ConfigureAwait(false);
            return error.Status;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            return ApiError.ClientLeft;
        }
    }
}
