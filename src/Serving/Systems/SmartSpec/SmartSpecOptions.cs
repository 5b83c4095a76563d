using Orrery.Documents;
using Orrery.Serving.Drafting;

namespace Orrery.Serving.Systems.SmartSpec;

/// <summary>Options of SmartSpec.</summary>
public sealed record SmartSpecOptions : DraftControlSpec
{
    private const string Code = "arXiv 2406.14066, authors' code (b)";

    /// <summary>Configured lookahead of the authors' scripts with a draft model (b).</summary>
    public const int DefaultMost = 5;

    /// <summary>A weight of 1 would never learn; beyond this it learns from more than a million steps.</summary>
    private const double MostKept = 0.999999;

    /// <summary>Longest verified length with prompt lookup (b).</summary>
    public const int DefaultMostLookup = 7;

    public static readonly OptionSet<SmartSpecOptions> Set = new OptionSet<SmartSpecOptions>()
        .OptionalInt("most", o => o.Most, (o, v) => o with { Most = v },
            "longest proposal; null: 5 with a draft model, 7 with prompt lookup", Code, max: MostTokens)
        .Int("every", o => o.Every, (o, v) => o with { Every = v },
            "decode steps between two decisions; prompt lookup, whose matches come and go, decides at every step", Code)
        .Number("bias", o => o.Bias, (o, v) => o with { Bias = v },
            "goodput without drafts counts so many times: speculation has to be better by that much", Code, 0, 100)
        .Number("memory", o => o.Memory, (o, v) => o with { Memory = v },
            "no longer proposal is tried where so many times the batch's tokens exceed the KV memory", Code, 0, 100)
        .Number("start", o => o.Start, (o, v) => o with { Start = v }, "acceptance assumed before anything was verified", Code, 0, 1)
        .Number("keep", o => o.Keep, (o, v) => o with { Keep = v }, "weight of the past in the moving averages that the acceptance comes from", Code, 0, MostKept)
        .Bool("perRequest", o => o.PerRequest, (o, v) => o with { PerRequest = v },
            "acceptance and proposal of each request on its own; false: one of both for the batch", "arXiv 2406.14066 (c)")
        .Number("prior", o => o.Prior, (o, v) => o with { Prior = v },
            "perRequest: the batch's acceptance counts like so many verified tokens of the request", "ours (d)", 0, 1e6)
        .OptionalInt("probeEvery", o => o.ProbeEvery, (o, v) => o with { ProbeEvery = v },
            "decode steps without drafts after which one token is proposed once, to see whether the acceptance has changed; null: never", "ours (d); the authors' code keeps the last value (b)")
        .Int("giveUpAfter", o => o.GiveUpAfter, (o, v) => o with { GiveUpAfter = v },
            "prompt lookup: steps without a use for what was found after which it stops looking", Code)
        .Int("retryAfter", o => o.RetryAfter, (o, v) => o with { RetryAfter = v }, "prompt lookup: steps after which it looks again", Code);

    public int? Most { get; init; }

    public int Every { get; init; } = 20;

    public double Bias { get; init; } = 1.1;

    public double Memory { get; init; } = 1.1;

    public double Start { get; init; } = 0.7;

    public double Keep { get; init; } = 0.85;

    public bool PerRequest { get; init; }

    public double Prior { get; init; } = 8;

    public int? ProbeEvery { get; init; } = 20;

    public int GiveUpAfter { get; init; } = 40;

    public int RetryAfter { get; init; } = 100;

    public override bool NeedsStepTimes => true;

    public override IDraftControl Create(DraftFacts facts) => new SmartSpec(this, facts);
}
