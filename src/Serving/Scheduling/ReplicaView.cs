using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;

namespace Orrery.Serving.Scheduling;

/// <summary>What a scheduler sees of its replica at a decision.</summary>
public sealed class ReplicaView(IKvMemory memory, int maxModelTokens)
{
    /// <summary>The instant of the decision.</summary>
    public Instant Now { get; internal set; }

    public IKvMemory Memory { get; } = memory;

    /// <summary>Longest sequence the replica accepts, prompt and output together.</summary>
    public int MaxModelTokens { get; } = maxModelTokens;

    /// <summary>Its host pool, or null when preempted sequences are recomputed.</summary>
    public KvSwap? Swap { get; init; }

    /// <summary>Sequences that wait for a tool, in the order in which they paused.</summary>
    public IReadOnlyList<Sequence> Paused { get; init; } = [];

    /// <summary>Time of the last step; zero before the first.</summary>
    public Duration LastStep { get; internal set; }

    /// <summary>Sequences that queue once the scheduler has planned.</summary>
    public int Waiting { get; internal set; }

    /// <summary>True when no request is left and none will come: work beside inference ends with it.</summary>
    public bool IsTrafficOver { get; internal set; }

    /// <summary>Sequences of the running set when the plan began.</summary>
    public int RunningSequences { get; internal set; }

    /// <summary>Sequences of the running set that are in a step in flight (0 unless several steps may be).</summary>
    public int InFlightSequences { get; internal set; }
}
