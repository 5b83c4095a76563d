using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>Repeats what a <see cref="WallClock"/> did: the same instants, with the same actions posted at each.</summary>
/// <remarks>
/// A live timer rings a little late, at an instant that only the wall clock knows; an event here runs at the first repeated instant at or
/// after its time, as it did then. So a tape of all instants repeats every decision.
/// </remarks>
public sealed class TapeClock : Clock
{
    private readonly Queue<Action> _posted = new();
    private int _external;

    /// <summary>Work handed out by <see cref="BeginExternal"/> that was not completed yet.</summary>
    public int External => _external;

    /// <summary>Runs one instant: the actions in their order, then every event due by it.</summary>
    /// <param name="at">Not before the last one.</param>
    /// <param name="posts">What other threads had posted.</param>
    /// <exception cref="ArgumentOutOfRangeException">Time would run backwards.</exception>
    /// <exception cref="ProcessFaultException">A process threw.</exception>
    public void RunAt(Instant at, IReadOnlyList<Action> posts)
    {
        ArgumentNullException.ThrowIfNull(posts);
        ArgumentOutOfRangeException.ThrowIfLessThan(at.Nanoseconds, Now.Nanoseconds, nameof(at));
        Now = at;
        foreach (Action post in posts) post();
        while (_posted.TryDequeue(out Action? action)) action();
        while (!IsStopped && TryStep(at))
        {
        }
    }

    /// <summary>Runs with the next instant. Only the replaying thread may call it.</summary>
    public override void Post(Action action) => _posted.Enqueue(action);

    public override ExternalWork BeginExternal()
    {
        _external++;
        return new ExternalWork(this, () => _external--);
    }
}
