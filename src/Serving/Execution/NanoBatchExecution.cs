using Orrery.Documents;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Overlap;

namespace Orrery.Serving.Execution;

/// <summary>
/// Operations of a step's nano-batches run side by side where they use different parts of the device; see <see cref="OverlapCost"/>.
/// Goes with any scheduler; its gain needs large steps. The other values of <c>layers</c> are the ablations.
/// </summary>
public sealed record NanoBatchExecution : ExecutionSpec
{
    private const string Source = "NanoFlow (OSDI 2025)";

    public static readonly OptionSet<NanoBatchExecution> Set = new OptionSet<NanoBatchExecution>()
        .Choice<LayerExecution>("layers", o => o.Layers, (o, v) => o with { Layers = v },
            "overlapped, or an ablation: split-only (nano-batches one after another), whole (one batch, one operation after the other)", $"{Source} (b)")
        .OptionalInt("batchTokens", o => o.BatchTokens, (o, v) => o with { BatchTokens = v },
            "the pipeline is built for steps of so many tokens and smaller ones are padded; null: a pipeline for every size", $"{Source} artefact: 2048 (b)",
            max: MostBatchTokens)
        .Bool("fallback", o => o.FallsBack, (o, v) => o with { FallsBack = v },
            "step sizes for which splitting gains nothing run in one piece", "ours (d)")
        .Bool("aheadCpu", o => o.RunsCpuAhead, (o, v) => o with { RunsCpuAhead = v },
            "the CPU prepares a step during the step before, so that the device waits only when that takes longer", $"{Source} (b)")
        .Int("contextTokens", o => o.ContextTokens, (o, v) => o with { ContextTokens = v },
            "tokens that a decode attends in the nominal step that pipelines are searched for", "ours (d)");

    /// <summary>A batch beyond a million tokens would only be a mistake.</summary>
    private const int MostBatchTokens = 1 << 20;

    public LayerExecution Layers { get; init; } = LayerExecution.Overlapped;

    public int? BatchTokens { get; init; }

    public bool FallsBack { get; init; }

    public bool RunsCpuAhead { get; init; } = true;

    public int ContextTokens { get; init; } = OverlapOptions.DefaultContextTokens;

    public override string? WhyNotLive => "it overlaps compute, memory and network operations of a GPU; the CPU engine runs one operation after the other";

    public override ICostModel Create(Deployment deployment) => new OverlapCost(deployment, new()
    {
        Layers = Layers,
        BatchTokens = BatchTokens,
        FallsBack = FallsBack,
        RunsCpuAhead = RunsCpuAhead,
        ContextTokens = ContextTokens,
    });
}
