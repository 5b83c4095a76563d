using Orrery.Kernel.Time;
using Orrery.Serving.Memory;

namespace Orrery.Serving.Scheduling;

/// <summary>What a scheduler sees of its replica at a decision.</summary>
public sealed class ReplicaView(IKvMemory memory, int maxModelTokens)
{
    /// <summary>The instant of the decision.</summary>
    public Instant Now { get; internal set; }

    public IKvMemory Memory { get; } = memory;

    /// <summary>Longest sequence the replica accepts, prompt and output together.</summary>
    public int MaxModelTokens { get; } = maxModelTokens;

    /// <summary>Sequences of the running set that are in a step in flight (0 unless several steps may be).</summary>
    public int InFlightSequences { get; internal set; }
}
