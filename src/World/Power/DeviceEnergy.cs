using Orrery.Kernel.Units;

namespace Orrery.World.Power;

/// <summary>
/// Energy of devices by what it went into: waiting without a step in flight, steps with prompts (or drafts or training) in them, steps of
/// decodes alone.
/// </summary>
/// <param name="Idle">Belongs to no request.</param>
/// <param name="Prefill">Steps with prompts, the decodes that share them included.</param>
/// <param name="Decode">Steps of decodes alone.</param>
public readonly record struct DeviceEnergy(Joules Idle, Joules Prefill, Joules Decode)
{
    public Joules Total => Idle + Prefill + Decode;

    public static DeviceEnergy operator +(DeviceEnergy a, DeviceEnergy b) => new(a.Idle + b.Idle, a.Prefill + b.Prefill, a.Decode + b.Decode);

    /// <summary>
    /// What prompts and what output tokens answer for: the energy of a phase is shared out evenly over the tokens computed in it
    /// (reference table of power, rules of the meter). A request's energy is its prompt and output tokens at these rates; idle time is nobody's.
    /// </summary>
    /// <param name="promptTokens">Prompt tokens computed; all of them lie in steps with prompts.</param>
    /// <param name="mixedTokens">All tokens of those steps.</param>
    public (Joules Prompts, Joules Outputs) ByToken(long promptTokens, long mixedTokens)
    {
        double share = mixedTokens == 0 ? 0 : Math.Min(1, (double)promptTokens / mixedTokens);
        Joules prompts = Prefill * share;
        return (prompts, Prefill * (1 - share) + Decode);
    }
}
