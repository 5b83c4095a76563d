namespace Orrery.World.Training;

/// <summary>What of the forward pass is kept for the backward pass.</summary>
public enum KeptActivations
{
    /// <summary>The output of every operator, score and probability matrices included, as ordinary training stores them.</summary>
    Stored,

    /// <summary>Only what a gradient of the adapters, or one on the way to them, needs; attention computes its scores again.</summary>
    Pruned,

    /// <summary>Of that, what elementwise operators can make again from the rest is not kept either.</summary>
    Rematerialised,
}

/// <summary>Finetuning of low-rank adapters beside the down projection of every layer's feed-forward part, the base weights frozen.</summary>
/// <param name="Rank">Rank of the adapters.</param>
/// <param name="Kept">What is kept for the backward pass.</param>
/// <param name="SequenceTokens">Length of a training sequence; one is in training at a time.</param>
public sealed record AdapterTraining(int Rank, KeptActivations Kept, int SequenceTokens);
