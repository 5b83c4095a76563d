using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Llumnix;

/// <summary>Options of sending requests to the freest replica.</summary>
public sealed record LlumnixRouterOptions : RouterSpec
{
    public static readonly OptionSet<LlumnixRouterOptions> Set = new OptionSet<LlumnixRouterOptions>()
        .Bool("priorities", o => o.Priorities, (o, v) => o with { Priorities = v },
            "urgent requests (priority below 0) gather where some are, others keep away; false: INFaaS++ and Llumnix-base", "Llumnix (b)");

    public bool Priorities { get; init; } = true;

    public override IRouter Create(RandomStream random) => new LlumnixRouter(this);
}

/// <summary>
/// The replica with the most freeness, what waits there counted; without migration this is the baseline INFaaS++ (Llumnix, section 6.1, b).
/// Round-robin until every replica has reported.
/// </summary>
public sealed class LlumnixRouter(LlumnixRouterOptions options) : IRouter
{
    private int _next;

    public int Choose(Sequence sequence, IFleetView fleet)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(fleet);
        int best = -1;
        double most = double.NegativeInfinity;
        int equal = 0;
        for (int i = 0; i < fleet.Count; i++)
        {
            double free = Freeness.ForDispatch(fleet.Report(i), sequence.Priority < 0, options.Priorities);
            equal += double.IsPositiveInfinity(free) ? 1 : 0;
            if (free <= most) continue;
            most = free;
            best = i;
        }
        // Empty replicas take turns.
        return equal > 1 ? NextEmpty(sequence, fleet) : best;
    }

    private int NextEmpty(Sequence sequence, IFleetView fleet)
    {
        for (int turn = 0; turn < fleet.Count; turn++)
        {
            int i = (_next + turn) % fleet.Count;
            if (!double.IsPositiveInfinity(Freeness.ForDispatch(fleet.Report(i), sequence.Priority < 0, options.Priorities))) continue;
            _next = i + 1;
            return i;
        }
        return 0;
    }
}

/// <summary>Options of scaling by freeness.</summary>
public sealed record LlumnixScalingOptions : AutoscalerSpec
{
    public static readonly OptionSet<LlumnixScalingOptions> Set = Scaling.Bounds(new OptionSet<LlumnixScalingOptions>())
        .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "how often it decides", "Llumnix: 10 s (b)", minSeconds: Scaling.LeastIntervalSeconds)
        .Number("outBelow", o => o.OutBelow, (o, v) => o with { OutBelow = v }, "average freeness, in blocks per request, below which replicas are added", "Llumnix: 10, sweep 5 to 85 (b)", min: -1e9)
        .Number("inMargin", o => o.InMargin, (o, v) => o with { InMargin = v }, "one goes when the average without its blocks exceeds outBelow by this", "Llumnix: 50 (b)");

    public LlumnixScalingOptions() => Max = 16;

    public Duration Interval { get; init; } = Duration.FromSeconds(10);

    public double OutBelow { get; init; } = 10;

    public double InMargin { get; init; } = 50;

    public override IAutoscaler Create(RandomStream random) => new LlumnixScaling(this);
}

/// <summary>
/// Adds empty replicas until the fleet's freeness reaches a level, and takes the last one away when the others would still be well above it
/// (Llumnix, section 4.4.3; forms of the artefact, b).
/// </summary>
public sealed class LlumnixScaling(LlumnixScalingOptions options) : IAutoscaler
{
    public Duration Interval => options.Interval;

    public int Desired(IFleetView serving, ScaleState state)
    {
        ArgumentNullException.ThrowIfNull(serving);
        int now = serving.Count + state.Starting;
        if (serving.Count == 0) return Math.Max(1, now);
        int coming = state.Starting;
        double free = 0;
        double requests = state.Homeless;
        double blocks = 0;
        for (int i = 0; i < serving.Count; i++)
        {
            ReplicaReport report = serving.Report(i);
            blocks = Math.Max(blocks, report.TotalBlocks);
            // Not heard of yet: all of it is free, as of one that starts.
            if (report.TotalBlocks == 0)
            {
                coming++;
                continue;
            }
            free += report.FreeBlocks - (Freeness.WatermarkShare * report.TotalBlocks) - report.WaitingBlocks;
            requests += report.Running + report.Waiting;
        }
        if (blocks == 0) return now;
        if (requests == 0) return Math.Max(1, now - 1);
        double withStarting = free + (coming * blocks);
        int wish = now;
        while ((withStarting + ((wish - now) * blocks)) / requests < options.OutBelow && wish < now + serving.Count + 1) wish++;
        if (wish > now) return wish;
        return coming == 0 && now > 1 && (free - blocks) / requests > options.OutBelow + options.InMargin ? now - 1 : now;
    }
}
