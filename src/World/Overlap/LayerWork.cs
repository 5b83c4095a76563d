using Orrery.World.Cost;

namespace Orrery.World.Overlap;

/// <summary>Attention of one layer, and which kind of layer it is: what is not a matter of rows alone.</summary>
/// <param name="HasExperts">The feed-forward part routes tokens to experts.</param>
/// <param name="Tokens">Tokens of the step over all data ranks.</param>
/// <param name="Decode">Nanoseconds of decode attention without its launch; 0 without decodes.</param>
/// <param name="Prompt">Attention of all prompt chunks.</param>
internal readonly record struct LayerWork(bool HasExperts, long Tokens, double Decode, OperatorTime Prompt)
{
    /// <summary>Tokens of all ranks in so many of a rank's rows.</summary>
    public long TokensIn(long ownRows, long rows) => ownRows == rows ? Tokens : ((Tokens * ownRows) + rows - 1) / rows;
}

/// <summary>Layers of one kind in each pipeline stage.</summary>
/// <param name="HasExperts">The feed-forward part routes tokens to experts.</param>
/// <param name="IsWindowed">Attention sees a sliding window only.</param>
/// <param name="LayersOfStage">How many, stage by stage.</param>
internal sealed record LayerKind(bool HasExperts, bool IsWindowed, int[] LayersOfStage)
{
    public int Layers => LayersOfStage.Sum();
}

/// <summary>The price of splitting one layer on one device.</summary>
/// <param name="WeightBytes">Read again.</param>
/// <param name="Launch">Nanoseconds of further kernel launches.</param>
internal readonly record struct SplitExcess(double WeightBytes, double Launch);
