using Orrery.Kernel.Units;
using Orrery.World.Cost;
using Orrery.World.Deployments;

namespace Orrery.Serving.Scheduling;

/// <summary>What a scheduler may depend on when it is created: the replica's facts, never its state.</summary>
/// <param name="MaxModelTokens">Longest sequence, prompt and output together.</param>
/// <param name="DeviceName">Catalogue name of the device; some engines choose defaults by it.</param>
/// <param name="DeviceMemory">Memory of one device.</param>
/// <param name="PipelineStages">Steps that may be in flight.</param>
/// <param name="StepTimes">The replica's profile of step times, for policies that predict; null where only sizes are asked.</param>
public sealed record ReplicaFacts(
    int MaxModelTokens, string DeviceName, Bytes DeviceMemory, int PipelineStages = 1, ICostModel? StepTimes = null);

/// <summary>A scheduler as data: named, comparable, what a scenario holds. Its options are the properties of the derived record.</summary>
public abstract record SchedulerSpec
{
    /// <summary>The most tokens that one of its steps may compute: sizes the activation memory.</summary>
    public abstract int MaxStepTokens(ReplicaFacts facts);

    /// <summary>Whether this engine shares prefixes unless the scenario says otherwise.</summary>
    public virtual bool UsesPrefixCache => false;

    /// <summary>Tokens of a KV block of this engine unless the scenario says otherwise.</summary>
    public virtual int UsualBlockTokens => KvCapacity.DefaultBlockTokens;

    /// <summary>Whether a sequence may join again with KV that it has; an engine that starts from prompts alone computes it anew.</summary>
    public virtual bool TakesKvBack => true;

    /// <summary>Whether its decodes may yield several tokens in a step; the rows of a rectangular batch advance together.</summary>
    public virtual bool TakesDrafts => true;

    /// <summary>Why it cannot decide for a real engine, a clause; null where it can.</summary>
    public virtual string? WhyNotLive => null;

    /// <summary>
    /// The same for a real engine whose buffers hold steps of so many tokens. An engine that chooses the size of its steps by the device takes
    /// that; one whose size was written down, or is part of the policy, stays as it is.
    /// </summary>
    public virtual SchedulerSpec WithSteps(int tokens) => this;

    /// <summary>A fresh scheduler for one replica.</summary>
    public abstract IScheduler Create(ReplicaFacts facts);
}
