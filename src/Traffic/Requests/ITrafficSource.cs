using Orrery.Kernel.Time;

namespace Orrery.Traffic.Requests;

/// <summary>
/// A stream of requests in arrival order. Open-loop sources ignore feedback; closed-loop sources (clients with think time, sessions)
/// learn of completions and may then produce further requests. Bounded memory for any length.
/// </summary>
/// <remarks>
/// The run drives a source from one thread: it peeks at the next arrival, sleeps until then, takes it. After <see cref="Completed"/> the
/// next arrival may have become earlier, so the run peeks again. A source is deterministic given its seed and the completion times.
/// </remarks>
public interface ITrafficSource : IDisposable
{
    /// <summary>
    /// Time of the next request known now; <see cref="Instant.Never"/> when none is pending (finished, or waiting for completions).
    /// </summary>
    Instant NextArrival { get; }

    /// <summary>Takes the next request.</summary>
    /// <exception cref="InvalidOperationException">None is pending.</exception>
    Request Take();

    /// <summary>A request ended (finished, rejected, cancelled or timed out) at an instant. Open-loop sources do nothing.</summary>
    void Completed(Request request, Instant at)
    {
    }

    /// <summary>True when <see cref="Completed"/> must be called; lets the run skip it for open-loop traffic.</summary>
    bool IsClosedLoop => false;

    /// <summary>How many requests will come in all, when known: for progress and ETA.</summary>
    long? ExpectedRequests => null;

    /// <summary>Clients seen so far.</summary>
    int ClientCount => 1;

    string ClientName(int client) => client.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
