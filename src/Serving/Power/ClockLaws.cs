using Orrery.Serving.Execution;

namespace Orrery.Serving.Power;

/// <summary>What a lower clock does to the power and to the steps of a device.</summary>
/// <remarks>
/// Power: P(f) = P_idle + (P(f_max) − P_idle)·(f / f_max)^α. A cap of about 1.1 GHz takes about 20 % off the peak power of an A100 (c), from
/// which α = 1.13 follows (d). Time: steps with prompts are bound by arithmetic and take f_max / f times as long; steps of decodes are
/// bound by memory, which has a clock of its own: they keep their time down to a knee and take knee / f times as long below it (c: flat to
/// 1.1 to 1.2 GHz, the middle of which is the knee).
/// </remarks>
public sealed record ClockLaws
{
    /// <summary>Highest clock of an A100 (b).</summary>
    public const double DefaultFullHertz = 1.41e9;

    /// <summary>Exponent that fits −20 % of 400 W at 1.11 GHz with 63 W idle (d, from c).</summary>
    public const double DefaultAlpha = 1.13;

    /// <summary>Clock down to which decodes keep their time (c: 1.1 to 1.2 GHz).</summary>
    public const double DefaultKneeHertz = 1.15e9;

    public double FullHertz { get; init; } = DefaultFullHertz;

    public double Alpha { get; init; } = DefaultAlpha;

    public double KneeHertz { get; init; } = DefaultKneeHertz;

    /// <summary>Share of the power above idle that is left at a clock, 1 at the full clock.</summary>
    public double PowerShare(double hertz) => hertz >= FullHertz ? 1 : Math.Pow(hertz / FullHertz, Alpha);

    /// <summary>How much longer steps take at a clock.</summary>
    public StepPace PaceAt(double hertz) =>
        hertz >= FullHertz ? StepPace.Full : new(FullHertz / hertz, hertz >= KneeHertz ? 1 : KneeHertz / hertz);

    /// <summary>The exponent with which a clock takes a share off a device's power at its full clock.</summary>
    /// <param name="saving">Share of the full power that is saved, 0 to 1.</param>
    /// <param name="clockShare">The clock over the full one.</param>
    /// <param name="idleShare">Idle power over full power.</param>
    public static double AlphaFor(double saving, double clockShare, double idleShare) =>
        Math.Log(1 - (saving / (1 - idleShare))) / Math.Log(clockShare);
}
