namespace Orrery.Engine.Sampling;

/// <summary>What a random number at a position is for: numbers of different purposes are independent.</summary>
public enum DrawPurpose
{
    /// <summary>A token from the model's distribution.</summary>
    Token,

    /// <summary>A token that a draft model proposes.</summary>
    Draft,

    /// <summary>Whether a proposed token is accepted.</summary>
    Accept,

    /// <summary>A token from what remains of the model's distribution after a rejection.</summary>
    Residual,
}
