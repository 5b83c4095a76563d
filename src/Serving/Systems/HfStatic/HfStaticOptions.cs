using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.HfStatic;

/// <summary>Options of static batching as with the Hugging Face <c>generate</c> call behind a simple batching server.</summary>
public sealed record HfStaticOptions : SchedulerSpec
{
    /// <summary>Rows of a batch (our choice, d).</summary>
    public const int DefaultBatchSize = 8;

    /// <summary>Activations are sized for at least this many tokens, as for the engines it is compared with (vLLM v0, c).</summary>
    public const int LeastStepTokens = 2048;

    /// <summary>How long the first request of a batch waits for others (our choice, d; 100 ms is TorchServe's default batch delay, c).</summary>
    public static readonly Duration DefaultTimeout = Duration.FromMilliseconds(100);

    public static readonly OptionSet<HfStaticOptions> Set = new OptionSet<HfStaticOptions>()
        .Int("maxBatchSize", o => o.MaxBatchSize, (o, v) => o with { MaxBatchSize = v },
            "rows of a batch; memory for the worst case of all rows may allow fewer", "our choice (d)")
        .Duration("timeout", o => o.Timeout, (o, v) => o with { Timeout = v },
            "how long the first request waits for the batch to fill", "our choice (d), TorchServe's batch delay (c)");

    public int MaxBatchSize { get; init; } = DefaultBatchSize;

    public Duration Timeout { get; init; } = DefaultTimeout;

    /// <remarks>The longest prompt: a longer joint prefill is taken to be sliced inside the step (our rule, d).</remarks>
    public override bool TakesKvBack => false;

    public override bool TakesDrafts => false;

    public override int MaxStepTokens(ReplicaFacts facts) => Math.Max(LeastStepTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) => new HfStatic(MaxBatchSize, Timeout);
}
