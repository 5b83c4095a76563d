using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Speculation;
using Orrery.World.Cost;
using Orrery.World.Deployments;

namespace Orrery.Serving.Drafting;

/// <summary>Draft and verify of a replica as data: where proposals come from, who decides how many, and how good they are.</summary>
/// <param name="Control">Decides how many tokens are proposed.</param>
/// <param name="Acceptance">The truth about proposals.</param>
public sealed record DraftDesign(DraftControlSpec Control, AcceptanceSpec Acceptance)
{
    /// <summary>Looking up n-grams of a batch where nothing was profiled (SmartSpec's code, b).</summary>
    public static readonly Duration DefaultSearchTime = Duration.FromMicroseconds(1200);

    /// <summary>The draft model on the target's devices, cut the same way; null looks the proposals up in the context (ngram).</summary>
    public Deployment? Model { get; init; }

    /// <summary>What a lookup takes in each step that runs one.</summary>
    public Duration SearchTime { get; init; } = DefaultSearchTime;

    /// <summary>The cost of steps with drafts.</summary>
    /// <remarks>
    /// T_overhead is one more CPU hand-over of the profile, that between draft and target (d). The draft's passes follow each other without
    /// one, as a multi-step worker runs them (d).
    /// </remarks>
    public ICostModel CostOf(Deployment target, ICostModel cost)
    {
        ArgumentNullException.ThrowIfNull(target);
        ICostModel? passes = Model is null ? null : new RooflineCost(Deployment.Create(
            Model.Model, Model.Device, Model.Parallel, Model.Precision, Model.Interconnect,
            Model.Profile, Model.Engine.WithoutCpu()));
        return new DraftedCost(cost, passes, Duration.FromSeconds(target.Engine.StepCpuSeconds));
    }

    /// <summary>The add-on that drafts on one replica, and the truth that judges its drafts.</summary>
    /// <param name="stepTimes">From <see cref="CostOf"/>.</param>
    /// <param name="stepTokens">Most tokens of a step.</param>
    /// <param name="random">The stream of acceptance.</param>
    public (IPlanAddOn AddOn, IAcceptance Acceptance) Create(ICostModel stepTimes, int stepTokens, RandomStream random)
    {
        bool looksUp = Model is null;
        Duration search = looksUp ? SearchTime : Duration.Zero;
        IndependentAcceptance truth = new(Acceptance, looksUp, random);
        IDraftControl control = Control.Create(new(stepTimes, search, looksUp));
        return (new Speculator(control, truth, new(stepTokens, Model?.Model.MaxPositions ?? int.MaxValue, search)), truth);
    }
}
