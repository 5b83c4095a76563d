using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Llumnix;

/// <summary>Which request goes first.</summary>
public enum MovedFirst
{
    /// <summary>The one that came last (the artefact, b).</summary>
    Last,

    /// <summary>The one with the least context (the later version, b).</summary>
    Shortest,

    Longest,
}

/// <summary>Options of Llumnix's rescheduling.</summary>
public sealed record LlumnixOptions : RebalancerSpec
{
    public static readonly OptionSet<LlumnixOptions> Set = new OptionSet<LlumnixOptions>()
        .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "how often replicas are paired", "later version: 50 ms (b); artefact: about every 4 steps (b)", minSeconds: Scaling.LeastIntervalSeconds)
        .Number("threshold", o => o.Threshold, (o, v) => o with { Threshold = v }, "freeness, in blocks per request, below which a replica sends and above which it receives", "3; 10 for two of the traces (b)", min: -1e9)
        .Bool("defragment", o => o.Defragments, (o, v) => o with { Defragments = v }, "what waits counts as used, so that others make room for it; false: balances only", "Llumnix (b)")
        .Bool("priorities", o => o.Priorities, (o, v) => o with { Priorities = v }, "requests of priority below 0 get headroom; false: Llumnix-base", "Llumnix (b)")
        .Choice<MovedFirst>("first", o => o.First, (o, v) => o with { First = v }, "which request goes: last, shortest, longest", "artefact: last (b)")
        .Bool("live", o => o.Live, (o, v) => o with { Live = v }, "false stops the request for the whole copy", "ablation (b)")
        .Bool("recompute", o => o.Recompute, (o, v) => o with { Recompute = v }, "drops the KV and computes it again at the other replica", "ablation (b)")
        .Int("stages", o => o.Stages, (o, v) => o with { Stages = v }, "copies before the last one, at most", "artefact: 1, later version: 2 (b)", min: 0)
        .Int("lastBlocks", o => o.LastBlocks, (o, v) => o with { LastBlocks = v }, "blocks that may be left for the last copy", "later version: 16 (b)")
        .Duration("handshake", o => o.Handshake, (o, v) => o with { Handshake = v }, "time of one stage beside the copy", "20 to 30 ms of downtime in all (b), this share ours (d)");

    public Duration Interval { get; init; } = Duration.FromMilliseconds(50);

    public double Threshold { get; init; } = 3;

    public bool Defragments { get; init; } = true;

    public bool Priorities { get; init; } = true;

    public MovedFirst First { get; init; } = MovedFirst.Last;

    public bool Live { get; init; } = true;

    public bool Recompute { get; init; }

    public int Stages { get; init; } = 1;

    public int LastBlocks { get; init; } = new MigrationOptions().LastBlocks;

    public Duration Handshake { get; init; } = new MigrationOptions().Handshake;

    public override IRebalancer Create() => new Llumnix(this);
}

/// <summary>
/// Pairs replicas short of memory with those that have most, and lets the last-come running request of the one go to the other live
/// (Sun et al., OSDI 2024, section 4.4).
/// </summary>
public sealed class Llumnix(LlumnixOptions options) : IRebalancer
{
    private readonly List<(double Freeness, int Replica)> _sources = [];
    private readonly List<(double Freeness, int Replica)> _targets = [];

    public Duration Interval => options.Interval;

    public MigrationOptions Migration { get; } = new()
    {
        Live = options.Live,
        Recompute = options.Recompute,
        Stages = options.Stages,
        LastBlocks = options.LastBlocks,
        Handshake = options.Handshake,
    };

    public void Pair(IFleetView fleet, List<(int From, int To)> pairs)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(pairs);
        _sources.Clear();
        _targets.Clear();
        for (int i = 0; i < fleet.Count; i++)
        {
            ReplicaReport report = fleet.Report(i);
            // Not heard of yet.
            if (report.TotalBlocks == 0) continue;
            double free = Freeness.ForMigration(report, options.Defragments, options.Priorities);
            if (free < options.Threshold || report.PreemptedWaiting > 0) _sources.Add((free, i));
            else if (free > options.Threshold && report.Waiting == 0) _targets.Add((free, i));
        }
        _sources.Sort();
        _targets.Sort(static (a, b) => (-a.Freeness, a.Replica).CompareTo((-b.Freeness, b.Replica)));
        for (int i = 0; i < Math.Min(_sources.Count, _targets.Count); i++)
        {
            (int from, int to) = (_sources[i].Replica, _targets[i].Replica);
            if (options.Defragments || Helps(fleet.Report(from), fleet.Report(to))) pairs.Add((from, to));
        }
    }

    public Sequence? Pick(IReadOnlyList<Sequence> residents, Func<Sequence, int> contextTokens)
    {
        ArgumentNullException.ThrowIfNull(residents);
        ArgumentNullException.ThrowIfNull(contextTokens);
        Sequence? best = null;
        foreach (Sequence sequence in residents)
        {
            bool mayGo = sequence is { GeneratedTokens: > 0, KvBlocks: > 0, IsPaused: false, IsMoving: false, Outcome: Outcome.Live } && !(options.Priorities && sequence.Priority < 0);
            if (mayGo && (best is null || GoesBefore(sequence, best, contextTokens))) best = sequence;
        }
        return best;
    }

    private bool GoesBefore(Sequence a, Sequence b, Func<Sequence, int> tokens) => options.First switch
    {
        MovedFirst.Shortest => (tokens(a), a.Id).CompareTo((tokens(b), b.Id)) < 0,
        MovedFirst.Longest => (-tokens(a), a.Id).CompareTo((-tokens(b), b.Id)) < 0,
        _ => (a.Arrival, a.Id).CompareTo((b.Arrival, b.Id)) > 0,
    };

    /// <summary>The balanced variant: the move of one average request must narrow the gap, turn nothing round and leave the destination above the threshold (b).</summary>
    private bool Helps(in ReplicaReport sender, in ReplicaReport receiver)
    {
        double source = Freeness.ForMigration(sender, defragments: false, options.Priorities);
        double target = Freeness.ForMigration(receiver, defragments: false, options.Priorities);
        if (receiver.Running == 0) return true;
        int blocks = sender.UsedBlocks / Math.Max(1, sender.Running);
        ReplicaReport sourceAfter = sender with { UsedBlocks = sender.UsedBlocks - blocks, Running = sender.Running - 1 };
        ReplicaReport targetAfter = receiver with { UsedBlocks = receiver.UsedBlocks + blocks, Running = receiver.Running + 1 };
        double after = Freeness.ForMigration(targetAfter, defragments: false, options.Priorities);
        double gap = after - Freeness.ForMigration(sourceAfter, defragments: false, options.Priorities);
        return after >= options.Threshold && gap > 0 && gap < target - source;
    }
}
