namespace Orrery.Serving.Scheduling;

/// <summary>The tokens of one step, handed out to decodes and slices of prompts until none is left.</summary>
/// <param name="tokens">Most tokens of the step.</param>
public struct StepBudget(int tokens)
{
    /// <summary>Tokens handed out so far.</summary>
    public int Used { get; private set; }

    /// <summary>Tokens that are left; never negative.</summary>
    public readonly int Left => Math.Max(0, tokens - Used);

    /// <summary>Most of the missing tokens that still fit; 0 when the budget is spent.</summary>
    public readonly int Slice(int missingTokens) => Math.Min(missingTokens, Left);

    /// <summary>The same under a limit for this sequence on the whole step, which may lie below or above the budget.</summary>
    public readonly int Slice(int missingTokens, int limitTokens) => Math.Min(missingTokens, Math.Max(0, limitTokens - Used));

    public void Take(int taken) => Used += taken;
}
