namespace Orrery.World.Overlap;

/// <summary>What a search found for one step size; steps of that size follow it whatever they contain.</summary>
/// <param name="Split">Sizes of the nano-batches; <see cref="NanoSplit.None"/> when the step stays in one piece.</param>
/// <param name="Shares">Shares of the execution units.</param>
/// <param name="LayerSeconds">Time of a layer of the nominal step under this plan.</param>
/// <param name="WholeLayerSeconds">The same in one piece, one operation after the other.</param>
public sealed record NanoPlan(NanoSplit Split, PhaseShares Shares, double LayerSeconds, double WholeLayerSeconds)
{
    internal double[] Speeds { get; init; } = [];

    /// <summary>Ranks of the operations, from the nominal step: the order is fixed with the plan.</summary>
    internal double[] Tails { get; init; } = [];
}
