using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.Splitwise;

/// <summary>Options of Splitwise's instance scheduler, with the defaults of its simulator.</summary>
public sealed record SplitwiseOptions : SchedulerSpec
{
    /// <summary>Requests of one iteration (simulator, b).</summary>
    public const int DefaultRequests = 512;

    /// <summary>Tokens of one iteration, prompts and one for each decode (simulator, b).</summary>
    public const int DefaultTokens = 2048;

    /// <summary>Missed iterations from which a request goes first (simulator, b).</summary>
    public const int DefaultMisses = 4;

    public static readonly OptionSet<SplitwiseOptions> Set = new OptionSet<SplitwiseOptions>()
        .Int("maxRequests", o => o.MaxRequests, (o, v) => o with { MaxRequests = v }, "most requests of one iteration", "Splitwise simulator (b)")
        .Int("maxTokens", o => o.MaxTokens, (o, v) => o with { MaxTokens = v },
            "most tokens of one iteration; prompts are never cut, and the first may exceed it", "Splitwise simulator (b)")
        .Int("maxMisses", o => o.MaxMisses, (o, v) => o with { MaxMisses = v }, "iterations that a request misses before it goes first", "Splitwise simulator (b)");

    public int MaxRequests { get; init; } = DefaultRequests;

    public int MaxTokens { get; init; } = DefaultTokens;

    public int MaxMisses { get; init; } = DefaultMisses;

    public override int MaxStepTokens(ReplicaFacts facts) => Math.Max(MaxTokens, facts.MaxModelTokens) + MaxRequests;

    public override IScheduler Create(ReplicaFacts facts) => new Splitwise(MaxRequests, MaxTokens, MaxMisses);
}
