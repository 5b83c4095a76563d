using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Finetuning;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;

namespace Orrery.Serving.Systems.FlexLlm;

/// <summary>Options of FlexLLM's co-serving.</summary>
public sealed record FlexLlmOptions : FinetuneSpec
{
    /// <summary>Latency target of a step, the strict end of the objectives on time per token, 50 to 75 ms (c).</summary>
    public const double DefaultTargetSeconds = 0.05;

    /// <summary>Layers that a step goes back through under a token limit (d).</summary>
    private const int DefaultLayersPerStep = 1;

    public static readonly OptionSet<FlexLlmOptions> Set = Declare<FlexLlmOptions>()
        .Duration("target", o => o.Target, (o, v) => o with { Target = v },
            "finetuning takes what is left of a step of this length; it yields when nothing is", "arXiv 2402.18789: the objective on time per token (c)")
        .OptionalInt("tokenLimit", o => o.TokenLimit, (o, v) => o with { TokenLimit = v },
            "the artefact's rule in place of the target: inference fills a batch of so many tokens first, finetuning the rest; null: the target decides",
            "authors' code (b): 1024")
        .Int("layersPerStep", o => o.LayersPerStep, (o, v) => o with { LayersPerStep = v },
            "with tokenLimit: layers that a step goes back through, the limit holding in each", "authors' code (c), default ours (d)");

    public Duration Target { get; init; } = Duration.FromSeconds(DefaultTargetSeconds);

    public int? TokenLimit { get; init; }

    public int LayersPerStep { get; init; } = DefaultLayersPerStep;

    public override string? Unheeded => TokenLimit is null && LayersPerStep != DefaultLayersPerStep
        ? "layersPerStep has no effect without tokenLimit; write for example tokenLimit: 1024, or leave it out"
        : null;

    public override IPlanAddOn Create(ICostModel stepTimes, int layers) => new FlexLlm(this, stepTimes, Queue(layers));
}
