using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.DistServe;

/// <summary>Options of DistServe's engine, with the defaults of its code. One scheduler serves both phases: a replica's role says which occur.</summary>
public sealed record DistServeOptions : SchedulerSpec
{
    /// <summary>Prompts of one step (engine, b).</summary>
    public const int DefaultPrompts = 128;

    /// <summary>Prompt tokens of one step (engine, b). The paper keeps batches near the length that saturates the device, about 512 for 13B on A100 (c).</summary>
    public const int DefaultPromptTokens = 8192;

    /// <summary>Decodes of one step (engine, b).</summary>
    public const int DefaultDecodes = 1024;

    /// <summary>Tokens fed into a step of decodes, one for each (engine, b): no limit beside 1,024 decodes.</summary>
    public const int DefaultDecodeTokens = 65_536;

    public static readonly OptionSet<DistServeOptions> Set = new OptionSet<DistServeOptions>()
        .Int("maxPrompts", o => o.MaxPrompts, (o, v) => o with { MaxPrompts = v }, "most prompts of one step", "DistServe engine (b)")
        .Int("maxPromptTokens", o => o.MaxPromptTokens, (o, v) => o with { MaxPromptTokens = v },
            "most prompt tokens of one step; longer prompts are refused, nothing is chunked", "DistServe engine (b)")
        .Int("maxDecodes", o => o.MaxDecodes, (o, v) => o with { MaxDecodes = v }, "most decodes of one step; each pipeline stage has a batch of its own", "DistServe engine (b)")
        .Int("maxDecodeTokens", o => o.MaxDecodeTokens, (o, v) => o with { MaxDecodeTokens = v }, "most tokens fed into a step of decodes, one for each", "DistServe engine (b)");

    public int MaxPrompts { get; init; } = DefaultPrompts;

    public int MaxPromptTokens { get; init; } = DefaultPromptTokens;

    public int MaxDecodes { get; init; } = DefaultDecodes;

    public int MaxDecodeTokens { get; init; } = DefaultDecodeTokens;

    public override int MaxStepTokens(ReplicaFacts facts) => Math.Max(MaxPromptTokens, Math.Min(MaxDecodes, MaxDecodeTokens));

    public override IScheduler Create(ReplicaFacts facts) => new DistServe(MaxPrompts, MaxPromptTokens, Math.Min(MaxDecodes, MaxDecodeTokens));
}
