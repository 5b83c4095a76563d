using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.FasterTransformer;

/// <summary>Options of request-level batching as in FasterTransformer.</summary>
public sealed record FasterTransformerOptions : SchedulerSpec
{
    /// <summary>Most sequences of a batch; memory is the usual limit (default of the re-implementation in Sarathi-Serve's repository, c).</summary>
    public const int DefaultBatchSize = 128;

    /// <summary>Activations are sized for at least this many tokens, as for the engines it is compared with (vLLM v0, c).</summary>
    public const int LeastStepTokens = 2048;

    public static readonly OptionSet<FasterTransformerOptions> Set = new OptionSet<FasterTransformerOptions>()
        .Int("maxBatchSize", o => o.MaxBatchSize, (o, v) => o with { MaxBatchSize = v },
            "most sequences of one batch; memory for the model's limit each usually allows fewer", "Sarathi-Serve code (c)");

    public int MaxBatchSize { get; init; } = DefaultBatchSize;

    /// <remarks>The longest prompt: a longer joint prefill is taken to be sliced inside the step (our rule, d).</remarks>
    public override bool TakesKvBack => false;

    public override int MaxStepTokens(ReplicaFacts facts) => Math.Max(LeastStepTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) => new FasterTransformer(MaxBatchSize);
}
