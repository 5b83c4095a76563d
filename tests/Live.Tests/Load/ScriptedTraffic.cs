using Orrery.Kernel.Time;
using Orrery.Live.Load;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Load;

/// <summary>Requests of a list.</summary>
internal sealed class ScriptedSource(IReadOnlyList<Request> requests) : ITrafficSource
{
    private int _next;

    /// <summary>Told of each request as it is taken.</summary>
    public Action<Request> AtTake { get; init; } = _ => { };

    /// <summary>Told once nothing is left.</summary>
    public Action AtEnd { get; init; } = () => { };

    public Instant NextArrival
    {
        get
        {
            if (_next < requests.Count) return requests[_next].Arrival;
            AtEnd();
            return Instant.Never;
        }
    }

    public long? ExpectedRequests => requests.Count;

    public static Request Asks(long id, Duration after, int prompt, int output, params ToolCall[] calls) => new()
    {
        Id = id,
        Arrival = Instant.Zero + after,
        PromptTokens = prompt,
        OutputTokens = output,
        Calls = calls.Length == 0 ? null : calls,
    };

    public Request Take()
    {
        AtTake(requests[_next]);
        return requests[_next++];
    }

    public void Dispose()
    {
    }
}

/// <summary>Answers at once, with tokens stamped at set times of the provider; or holds every answer until it is released or left.</summary>
internal sealed class ScriptedClient(TimeProvider time) : IStreamClient
{
    private readonly TaskCompletionSource _release = new();

    public List<Request> Sent { get; } = [];

    public Duration FirstToken { get; init; } = Duration.FromMilliseconds(1);

    public Duration Gap { get; init; } = Duration.FromMilliseconds(1);

    /// <summary>After so many tokens the stream stands still so long.</summary>
    public (int AfterTokens, Duration For) Pause { get; init; }

    /// <summary>Time that passes while the generator hands the request over.</summary>
    public Func<Request, Duration> HoldsUp { get; init; } = _ => Duration.Zero;

    public Func<Request, StreamResult> Result { get; init; } = request => new(StreamClose.Finished) { CompletionTokens = request.OutputTokens };

    public bool Holds { get; init; }

    public void ReleaseAll() => _release.TrySetResult();

    public async Task<StreamResult> SendAsync(IExchange exchange, CancellationToken cancellation)
    {
        Request request = exchange.Request;
        lock (Sent) Sent.Add(request);
        Assert.Equal(request.PromptTokens, exchange.Prompt.Tokens!.Length);
        exchange.Sent(time.GetTimestamp());
        if (HoldsUp(request) is { Nanoseconds: > 0 } hold) time.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan).Change(TimeSpan.FromTicks(hold.Nanoseconds / 100), Timeout.InfiniteTimeSpan);
        if (Holds)
        {
            Task left = Task.Delay(Timeout.Infinite, cancellation);
            if (await Task.WhenAny(_release.Task, left) == left) return new(StreamClose.Left);
        }
        long at = time.GetTimestamp() + FirstToken.Nanoseconds;
        for (int token = 1; token <= request.OutputTokens; token++)
        {
            exchange.Received(1, at);
            at += Gap.Nanoseconds + (token == Pause.AfterTokens ? Pause.For.Nanoseconds : 0);
        }
        return Result(request);
    }
}
