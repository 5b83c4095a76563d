namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>Which contexts are worth a note, and in which order.</summary>
public enum NotePolicy
{
    /// <summary>By expected saving less cost; contexts that save nothing are left out.</summary>
    Priority,

    /// <summary>All contexts, in the order in which they are listed.</summary>
    All,

    /// <summary>None: the baseline without sleep-time compute.</summary>
    None,
}

/// <summary>
/// What a note is worth in tokens of idle time: E[questions before the context changes]·(T_b − T_b')·ρ − C; it is skipped at or below
/// zero (d, the scheduling form of the system). Questions that a note does not help still take T_b, so the saving counts with the
/// context's predictability.
/// </summary>
public sealed class NotePriority(SleepTimeCost cost, ContextMix mix)
{
    /// <summary>The value at a time for what is left to write.</summary>
    /// <param name="tokensLeft">Of C; what was spent is spent.</param>
    public double Of(ContextPlan context, double now, double tokensLeft)
    {
        ArgumentNullException.ThrowIfNull(context);
        double saved = context.Predictability * (cost.TestTokens - cost.TestTokensWithNote);
        return (ExpectedQuestions(context, now) * saved * cost.Premium) - tokensLeft;
    }

    /// <summary>Questions to come that find the context unchanged, for changes at a constant rate μ and questions spread over the day.</summary>
    public double ExpectedQuestions(ContextPlan context, double now)
    {
        ArgumentNullException.ThrowIfNull(context);
        double from = Math.Max(now, mix.NightSeconds);
        double span = mix.EndSeconds - from;
        if (span <= 0) return 0;
        double perSecond = context.ForecastQuestions / mix.DaySeconds;
        if (!double.IsFinite(mix.LifeSeconds)) return perSecond * span;
        // The integral of exp(−μ(s − now)) over the rest of the day.
        double decay = Math.Exp(-(from - now) / mix.LifeSeconds);
        return perSecond * mix.LifeSeconds * decay * (1 - Math.Exp(-span / mix.LifeSeconds));
    }
}
