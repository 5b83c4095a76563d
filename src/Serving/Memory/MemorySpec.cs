using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>The KV memory of a replica as data: named, comparable, what a scenario holds. Its options are the properties of the derived record.</summary>
public abstract record MemorySpec
{
    /// <summary>Least share of device memory that an engine may be told to take.</summary>
    public const double SmallestUtilization = 0.01;

    /// <summary>Share of the usable device memory that the engine takes.</summary>
    public double Utilization { get; init; } = KvCapacity.DefaultUtilization;

    /// <summary>Blocks that a replica is known to have, in place of what <see cref="Utilization"/> leaves; null where they are reckoned.</summary>
    public int? StatedBlocks { get; init; }

    /// <summary>Whether sequences share the KV of equal prefixes here.</summary>
    public virtual bool SharesPrefixes => false;

    /// <summary>Why a real engine does not keep its KV so, a clause; null where it can.</summary>
    public virtual string? WhyNotLive => null;

    /// <summary>What is not set takes the scheduler's usual values; called once, when a scenario is read.</summary>
    /// <param name="usesPrefixCache">Whether the scheduler's engine shares prefixes by itself.</param>
    /// <param name="usualBlockTokens">Tokens of a block of that engine.</param>
    public virtual MemorySpec Resolve(bool usesPrefixCache, int usualBlockTokens) => this;

    /// <summary>Tokens of a block on a deployment.</summary>
    /// <exception cref="Kernel.InputException">The layout has no such block there.</exception>
    public abstract int BlockTokens(Deployment deployment);

    /// <summary>What attention kernels pay for the layout; contiguous where nothing else is known.</summary>
    public virtual AttentionLayout Attention(Deployment deployment) => AttentionLayout.Contiguous;

    /// <summary>A fresh memory for one replica.</summary>
    /// <param name="deployment">What the replica runs on.</param>
    /// <param name="blocks">Blocks that fit.</param>
    /// <param name="maxModelTokens">Longest sequence, prompt and output together.</param>
    public abstract IKvMemory Create(Deployment deployment, int blocks, int maxModelTokens);
}
