using Orrery.Serving.Drafting;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Systems.SmartSpec;

/// <summary>
/// Predicted time of a decode step in which some sequences verify k drafts: T_draft + T_target + T_overhead. The replica's own profile
/// of step times is asked for a batch in which everybody has the mean context.
/// </summary>
/// <remarks>
/// The authors fit x·context tokens + y·batched tokens + z, or look up profiled tables by context, batch and k with a regression for
/// what is missing (b, c). The profile is such a table without gaps: it differs from the step's time by the spread of contexts, by what a
/// draft model has missed, and by prompts in the same step.
/// </remarks>
internal sealed class StepForecast(DraftFacts facts)
{
    private readonly StepCost _cost = facts.StepTimes.CreateStep();
    private readonly StepShape _shape = new();

    /// <param name="decodes">b.</param>
    /// <param name="candidates">Those of them that verify.</param>
    /// <param name="context">Mean tokens attended by a decode without drafts.</param>
    /// <param name="drafts">k.</param>
    public double Seconds(int decodes, int candidates, int context, int drafts) => Predict(decodes, candidates, context, drafts, drafts) + facts.SearchTime.Seconds;

    /// <summary>Time that verifying one more token takes on average, without proposing it.</summary>
    public double SecondsPerVerified(int decodes, int candidates, int context, int drafts) =>
        (Predict(decodes, candidates, context, drafts, 0) - Predict(decodes, candidates, context, 0, 0)) / ((double)candidates * drafts);

    private double Predict(int decodes, int candidates, int context, int verified, int proposed)
    {
        _shape.Clear();
        for (int i = 0; i < candidates; i++)
        {
            _shape.AddDecode(context + verified, 1 + verified);
            if (proposed > 0) _shape.AddDraft(new(context, proposed, 0));
        }
        for (int i = candidates; i < decodes; i++) _shape.AddDecode(context);
        _cost.Prepare(_shape);
        return _cost.At(0).Seconds;
    }
}
