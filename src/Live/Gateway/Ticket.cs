using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Gateway;

/// <summary>One request on its way through the gateway, over all its attempts. Owned by <see cref="Dispatcher"/>.</summary>
internal sealed class Ticket(Sequence sequence, string model, ClientShare share, int attemptsMost)
{
    private readonly List<Upstream> _tried = new(attemptsMost);

    /// <summary>What routers see of it.</summary>
    public Sequence Sequence { get; } = sequence;

    public string Model { get; } = model;

    public ClientShare Share { get; } = share;

    /// <summary>Upstreams that failed it; they come again only when every other one that is up has failed it too.</summary>
    public IReadOnlyList<Upstream> Tried => _tried;

    /// <summary>Prompt tokens that its client was charged; 0 before the first attempt.</summary>
    public int ChargedPrompt { get; set; }

    public long ChargedOutput { get; set; }

    /// <summary>Time that it has waited for upstreams before.</summary>
    public Duration Waited { get; set; }

    /// <summary>While it is queued: who waits for it.</summary>
    public Waiter? Waiter { get; set; }

    public void AddTried(Upstream upstream)
    {
        if (!_tried.Contains(upstream)) _tried.Add(upstream);
    }

    /// <summary>All have failed it: they may be tried again, the last one last.</summary>
    public void ForgetTried()
    {
        Upstream last = _tried[^1];
        _tried.Clear();
        _tried.Add(last);
    }
}

/// <summary>A queued ticket's end: a flight or a refusal.</summary>
internal sealed class Waiter(Instant since) : TaskCompletionSource<Placement>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public Instant Since { get; } = since;

    public ITimer? Deadline { get; set; }
}

/// <summary>One attempt of a ticket at an upstream. Owned by <see cref="Dispatcher"/>.</summary>
internal sealed class Flight(Ticket ticket, Upstream upstream, bool isProbe)
{
    public Ticket Ticket { get; } = ticket;

    public Upstream Upstream { get; } = upstream;

    /// <summary>It tries whether a failed upstream is back.</summary>
    public bool IsProbe { get; } = isProbe;

    /// <summary>Prompt and output tokens that it adds to its upstream's load.</summary>
    public long Tokens { get; set; }

    public bool HasEnded { get; set; }
}

/// <summary>Where a request goes, or why nowhere; one of the two is there.</summary>
internal readonly record struct Placement(Flight? Flight, Refusal? Refusal);

/// <summary>How an attempt ended.</summary>
internal enum AttemptEnd
{
    /// <summary>The answer was complete.</summary>
    Succeeded,

    /// <summary>The upstream refused the request for what it is (4xx).</summary>
    Rejected,

    /// <summary>The upstream is full (429).</summary>
    Busy,

    /// <summary>It could not be reached or answered 5xx.</summary>
    Failed,

    /// <summary>Its answer broke off.</summary>
    Broken,

    /// <summary>The client left first.</summary>
    Abandoned,
}
