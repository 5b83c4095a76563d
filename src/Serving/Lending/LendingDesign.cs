using Orrery.World.Cost;
using Orrery.World.Deployments;

namespace Orrery.Serving.Lending;

/// <summary>Equal replicas that lend KV memory to each other, as data.</summary>
/// <param name="Spec">Policy and constants.</param>
/// <param name="Deployment">What each of them runs on.</param>
/// <param name="Blocks">KV blocks of each.</param>
/// <param name="BlockTokens">Tokens of a block.</param>
/// <param name="Instances">How many there are.</param>
public sealed record LendingDesign(LendingSpec Spec, Deployment Deployment, int Blocks, int BlockTokens, int Instances)
{
    /// <summary>Blocks of each that lending leaves free for its own requests.</summary>
    public int KeptBlocks => (int)(Spec.KeptShare * Blocks);

    /// <summary>Most blocks of one sequence: all of one replica and what the others may lend at most, which is also less what they keep.</summary>
    public int LongestBlocks => (int)Math.Min(int.MaxValue, Blocks + ((long)(Instances - 1) * Math.Min((int)(Spec.LendLimit * Blocks), Blocks - KeptBlocks)) - KeptBlocks);

    /// <summary>What attention elsewhere costs beside attention.</summary>
    public LendingPrices Prices => new(
        new(Deployment.Interconnect, Deployment.Parallel.Devices), AttentionTraffic.Of(Deployment), Deployment.Model.Layers,
        Deployment.Shards.KvBytesPerToken(0) * BlockTokens, Spec.Combine);

    /// <summary>What the policy knows beside reports.</summary>
    /// <param name="cost">Steps of one replica, without lending.</param>
    public LendingFacts Facts(ICostModel cost) => new(new(cost), Prices, Spec.BatchLimitOn(Deployment), BlockTokens, Spec.LendLimit, Spec.KeptShare);

    /// <summary>The part of lending that lives in one replica, with its memory.</summary>
    public LendingAgent CreateAgent(int index) =>
        new(index, new LendingMemory(Blocks, BlockTokens, KeptBlocks) { LongestBlocks = LongestBlocks }, new(), Spec.Interval);

    /// <summary>Steps of that replica.</summary>
    public ICostModel Cost(ICostModel inner, LendingAgent agent)
    {
        ArgumentNullException.ThrowIfNull(agent);
        return new LendingCost(inner, agent.Index, agent.Work, Prices);
    }

    /// <summary>Why replicas of a deployment cannot lend, or null.</summary>
    public static string? WhyNot(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        if (deployment.Parallel.Pipeline > 1) return "replicas of several pipeline stages lend no memory; write pipeline: 1";
        if (deployment.Parallel.Data > 1) return "replicas of several data ranks lend no memory; write data: 1";
        if (deployment.Model.Latent is not null) return $"{deployment.Model.Name} has latent attention, whose partial answers are not modelled; use another model";
        return deployment.Model.WindowedLayers > 0 ? $"{deployment.Model.Name} has layers with a sliding window, whose old tokens nobody attends to; use another model" : null;
    }
}
