namespace Orrery.Serving.Systems.Helix;

/// <summary>Where the layers are, and the parts of the cluster that serve apart from each other.</summary>
/// <param name="Placement">Layers of every machine.</param>
/// <param name="Parts">At least one; requests stay in their part.</param>
internal sealed record HelixPlan(HelixPlacement Placement, IReadOnlyList<HelixPart> Parts)
{
    /// <summary>What its planner expects, in tokens per second.</summary>
    public double TokensPerSecond => Parts.Sum(part => part.TokensPerSecond);
}

/// <summary>Machines that serve together.</summary>
/// <param name="Nodes">Indices of the machines, for a pipeline in its order.</param>
/// <param name="IsPipeline">Every request takes all of them, one after the other.</param>
/// <param name="TokensPerSecond">What they can pass.</param>
/// <param name="Flows">The maximum flow, by machine; -1 is the coordinator.</param>
internal sealed record HelixPart(
    IReadOnlyList<int> Nodes, bool IsPipeline, double TokensPerSecond, IReadOnlyList<(int From, int To, double TokensPerSecond)> Flows);
