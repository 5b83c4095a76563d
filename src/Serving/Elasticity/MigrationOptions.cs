using Orrery.Documents;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Elasticity;

/// <summary>How a running request goes to another replica with its KV: live, in stages, or stopped while it is copied.</summary>
public sealed record MigrationOptions
{
    public static readonly OptionSet<MigrationOptions> Set = new OptionSet<MigrationOptions>()
        .Bool("live", o => o.Live, (o, v) => o with { Live = v },
            "copies whole blocks while the request still decodes and stops it for the rest alone; false: stops it for the whole copy", "Llumnix (b)")
        .Int("stages", o => o.Stages, (o, v) => o with { Stages = v },
            "copies before the last one, at most; one more follows while it still grows", "Llumnix: 1 in the artefact, 2 later (b)", min: 0)
        .Int("lastBlocks", o => o.LastBlocks, (o, v) => o with { LastBlocks = v },
            "blocks that may be left for the last copy, for which the request stops", "Llumnix, later version (b)", min: 1)
        .Duration("handshake", o => o.Handshake, (o, v) => o with { Handshake = v },
            "time of one stage beside the copy: reservation, tables, the change of owner", "Llumnix: 20 to 30 ms of downtime in all (b), this share of it ours (d)")
        .Bool("recompute", o => o.Recompute, (o, v) => o with { Recompute = v },
            "drops the KV and computes it anew at the other replica: the usual alternative", "Llumnix's baseline (b)");

    public bool Live { get; init; } = true;

    public int Stages { get; init; } = 2;

    public int LastBlocks { get; init; } = 16;

    public Duration Handshake { get; init; } = Duration.FromMilliseconds(15);

    public bool Recompute { get; init; }
}
