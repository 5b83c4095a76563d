using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Splitwise;

/// <summary>A request on an instance.</summary>
internal sealed class SplitwiseMember(Sequence sequence)
{
    public Sequence Sequence { get; } = sequence;

    /// <summary>Iterations that started without it while it was pending, over its whole stay.</summary>
    public int Misses { get; set; }

    /// <summary>In the batch of the last iteration.</summary>
    public bool IsInBatch { get; set; }

    /// <summary>Had to leave a batch and keeps its KV.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Has room for all its output.</summary>
    public bool HasStarted { get; set; }

    /// <summary>Chosen for the iteration being built.</summary>
    public bool IsChosen { get; set; }

    public static Comparison<SplitwiseMember> ByArrival { get; } = static (a, b) => SequenceOrder.ByArrival.Compare(a.Sequence, b.Sequence);
}
