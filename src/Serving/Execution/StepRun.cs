using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Execution;

/// <summary>
/// A plan in execution: one step, or a run of identical steps whose ends are known ahead. Observers find token times in
/// <see cref="Ends"/>; an event may cut the run at the first step that ends at or after it.
/// </summary>
/// <param name="plan">What every step of the run does.</param>
/// <param name="onCompleted">Tells the owner that an end has become known.</param>
public sealed class StepRun(StepPlan plan, Action onCompleted)
{
    private long[] _ends = new long[64];

    public StepPlan Plan { get; } = plan;

    /// <summary>What the plan computes; the run's own copy of integers.</summary>
    public StepShape Shape { get; } = new();

    /// <summary>The prepared cost, when the executor is modelled.</summary>
    public StepCost? Cost { get; internal set; }

    public Instant Start { get; private set; }

    /// <summary>At most this many steps.</summary>
    public int Horizon { get; private set; }

    /// <summary>True when the run was started as several steps; stays true when an event cuts it to one.</summary>
    public bool IsAhead { get; private set; }

    /// <summary>Steps whose ends are known.</summary>
    public int Count { get; private set; }

    /// <summary>Ends of the known steps, in nanoseconds, rising.</summary>
    public ReadOnlySpan<long> Ends => _ends.AsSpan(0, Count);

    /// <summary>End of the last known step; <see cref="Instant.Never"/> while none is.</summary>
    public Instant LastEnd => Count == 0 ? Instant.Never : Instant.FromNanoseconds(_ends[Count - 1]);

    /// <summary>True when more steps may follow the last known one.</summary>
    public bool CanExtend => Count > 0 && Count < Horizon;

    /// <summary>A real executor reports that the step has ended; call it on the loop, once per step, with the present instant.</summary>
    public void Complete(Instant end)
    {
        Append(end);
        onCompleted();
    }

    internal void Begin(Instant now, int horizon)
    {
        Start = now;
        Horizon = horizon;
        IsAhead = horizon > 1;
        Count = 0;
    }

    internal void Append(Instant end)
    {
        if (Count == _ends.Length) Array.Resize(ref _ends, Count * 2);
        _ends[Count++] = end.Nanoseconds;
    }

    /// <summary>Steps that have ended at an instant.</summary>
    internal int EndedBy(Instant now)
    {
        if (Count == 0 || _ends[0] > now.Nanoseconds) return 0;
        int index = Ends.BinarySearch(now.Nanoseconds);
        return index >= 0 ? index + 1 : ~index;
    }

    /// <summary>Drops every step after the first that ends at or after now. True when that changed something.</summary>
    internal bool CutAt(Instant now)
    {
        if (Count == 0) return false;
        int index = Ends.BinarySearch(now.Nanoseconds);
        int keep = Math.Min((index >= 0 ? index : ~index) + 1, Count);
        bool changed = keep < Horizon;
        Count = keep;
        Horizon = keep;
        return changed;
    }
}
