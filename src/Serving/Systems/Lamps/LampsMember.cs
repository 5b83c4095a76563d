using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Lamps;

/// <summary>A request under <see cref="Lamps"/>: its rank, and how long it has waited. Iterations are counted from the replica's start.</summary>
internal sealed class LampsMember(Sequence sequence)
{
    private const long Never = long.MaxValue;

    private long _starvesAt = Never;
    private long _firstUntil;
    private long _promotedAt;

    public Sequence Sequence => sequence;

    public double Score { get; set; }

    /// <summary>Period in which the score was taken; −1: not yet.</summary>
    public long ScoredIn { get; set; } = -1;

    /// <summary>As of the last look.</summary>
    public bool GoesFirst { get; private set; }

    /// <summary>Those that starved by the order in which they did (d), the others by rank.</summary>
    public static Comparison<LampsMember> ByUrgency { get; } = static (a, b) =>
    {
        if (a.GoesFirst != b.GoesFirst) return a.GoesFirst ? -1 : 1;
        int order = a.GoesFirst ? a._promotedAt.CompareTo(b._promotedAt) : 0;
        if (order == 0) order = a.Score.CompareTo(b.Score);
        return order != 0 ? order : SequenceOrder.ByArrival.Compare(a.Sequence, b.Sequence);
    };

    /// <summary>Begins to wait.</summary>
    public void Waits(long iteration, LampsOptions options)
    {
        bool counts = options.StarvationCount == StarvationCount.All || !sequence.FirstScheduled.IsNever;
        _starvesAt = counts && options.StarvationThreshold is { } threshold ? iteration + threshold : Never;
        ScoredIn = -1;
    }

    /// <summary>Leaves the queue: the count starts again, a promotion stays.</summary>
    public void Enters(long iteration, int quantum)
    {
        Look(iteration, quantum);
        _starvesAt = Never;
    }

    /// <summary>Whether it goes first now; true when that, or its place among those that do, has changed.</summary>
    public bool Look(long iteration, int quantum)
    {
        bool isPromoted = false;
        if (_starvesAt <= iteration)
        {
            // Whoever goes first already keeps its place and goes first for longer.
            isPromoted = _starvesAt >= _firstUntil;
            if (isPromoted) _promotedAt = _starvesAt;
            _firstUntil = _starvesAt + quantum;
            // Once only: whoever has not got in by the end of the quantum never will.
            _starvesAt = Never;
        }
        bool goesFirst = iteration < _firstUntil;
        bool hasChanged = isPromoted || goesFirst != GoesFirst;
        GoesFirst = goesFirst;
        return hasChanged;
    }
}
