using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.NanoFlow;

/// <summary>Options of NanoFlow's scheduler. What runs its steps side by side is the execution style <c>nano-batches</c>.</summary>
public sealed record NanoFlowOptions : SchedulerSpec
{
    /// <summary>Dense batch of Llama-2-70B on eight A100; the artefact takes 1024 for Llama-3-8B on one (b).</summary>
    public const int DefaultBatchTokens = 2048;

    /// <summary>How far running requests may exceed the target: room for chance, so that steps stay full (d).</summary>
    public const double DefaultSlack = 0.1;

    /// <summary>A chat-like answer; as BatchLLM assumes (d).</summary>
    public const double DefaultTypicalOutput = 128;

    public static readonly OptionSet<NanoFlowOptions> Set = new OptionSet<NanoFlowOptions>()
        .Int("batchTokens", o => o.BatchTokens, (o, v) => o with { BatchTokens = v },
            "B: tokens of every step, decodes first, prompts up to exactly B", "artefact (b)")
        .OptionalNumber("meanPrompt", o => o.MeanPrompt, (o, v) => o with { MeanPrompt = v },
            "p, mean prompt in B/(1 + p/d), the target for running decodes; null: the mean of what arrived", "artefact (b)", min: 1)
        .OptionalNumber("meanOutput", o => o.MeanOutput, (o, v) => o with { MeanOutput = v },
            "d, mean output; null: generated tokens per finished request", "artefact (b)", min: 1)
        .Number("typicalOutput", o => o.TypicalOutput, (o, v) => o with { TypicalOutput = v },
            "output assumed before requests have finished", "ours (d)", min: 1)
        .Number("slack", o => o.Slack, (o, v) => o with { Slack = v },
            "running requests may exceed the target by this share", "ours (d)", max: 10)
        .Bool("asynchronous", o => o.Asynchronous, (o, v) => o with { Asynchronous = v },
            "the batch of a step is formed during the step before: who finished costs one token more, who arrived waits one step", "NanoFlow (b)");

    public int BatchTokens { get; init; } = DefaultBatchTokens;

    public double? MeanPrompt { get; init; }

    public double? MeanOutput { get; init; }

    public double TypicalOutput { get; init; } = DefaultTypicalOutput;

    public double Slack { get; init; } = DefaultSlack;

    public bool Asynchronous { get; init; } = true;

    public override int MaxStepTokens(ReplicaFacts facts) => BatchTokens;

    public override IScheduler Create(ReplicaFacts facts) => new NanoFlow(this);
}
