using Orrery.Documents;
using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>Who is slowed down.</summary>
public enum CappedServers
{
    /// <summary>Servers of low priority.</summary>
    Low,

    /// <summary>All servers.</summary>
    All,
}

/// <summary>Options of a single threshold: the paper's baselines 1-Thresh-Low-Pri and 1-Thresh-All.</summary>
public sealed record OneThresholdOptions : PowerManagerSpec
{
    private const string Source = "baseline of POLCA, arXiv 2308.12908 (c)";

    public static readonly OptionSet<OneThresholdOptions> Set = new OptionSet<OneThresholdOptions>()
        .Number("threshold", o => o.Threshold, (o, v) => o with { Threshold = v }, "share of the row's budget at which servers are slowed", Source, max: 1)
        .Number("hysteresis", o => o.Hysteresis, (o, v) => o with { Hysteresis = v }, "how far below it power falls before the cap is lifted", Source, max: 1)
        .Quantity("clock", Quantity.Frequency, o => o.Hertz, (o, v) => o with { Hertz = v }, "their clock then", "the lower clock of POLCA (d)", min: 1e6)
        .Choice<CappedServers>("who", o => o.Who, (o, v) => o with { Who = v }, "whose clock: low priority, or all", Source);

    public double Threshold { get; init; } = PolcaOptions.DefaultSecond;

    public double Hysteresis { get; init; } = PolcaOptions.DefaultHysteresis;

    public double Hertz { get; init; } = PolcaOptions.DefaultLowestHertz;

    public CappedServers Who { get; init; }

    public override (double First, double Second) Watched => (Threshold, Threshold);

    public override string? Fault(ClockLaws laws)
    {
        ArgumentNullException.ThrowIfNull(laws);
        if (Hysteresis >= Threshold) return "hysteresis: power never falls so far below threshold, and the cap would not be lifted; write a smaller share";
        return Hertz > laws.FullHertz ? "clock: a cap slows down; write a clock of at most fullClock" : null;
    }

    public override IPowerManager Create() => new OneThreshold(this);
}

/// <summary>One threshold, one clock, with hysteresis; for servers of low priority or for all.</summary>
public sealed class OneThreshold(OneThresholdOptions options) : IPowerManager
{
    private bool _isCapped;

    public double BrakeRelease => options.Threshold - options.Hysteresis;

    public void Observe(PowerSample sample, IRowControls row)
    {
        ArgumentNullException.ThrowIfNull(row);
        bool isCapped = sample.Share >= options.Threshold || (_isCapped && sample.Share >= options.Threshold - options.Hysteresis);
        if (isCapped == _isCapped) return;
        _isCapped = isCapped;
        double? hertz = isCapped ? options.Hertz : null;
        row.Cap(ServerPriority.Low, hertz);
        if (options.Who == CappedServers.All) row.Cap(ServerPriority.High, hertz);
    }
}

/// <summary>Nothing but the brake at the budget: No-cap.</summary>
public sealed record BrakeOnlyOptions : PowerManagerSpec
{
    public static readonly OptionSet<BrakeOnlyOptions> Set = new();

    public override (double First, double Second) Watched => (PolcaOptions.DefaultFirst, PolcaOptions.DefaultSecond);

    public override IPowerManager Create() => new Idle();

    private sealed class Idle : IPowerManager
    {
        public double BrakeRelease => PolcaOptions.DefaultSecond - PolcaOptions.DefaultHysteresis;

        public void Observe(PowerSample sample, IRowControls row)
        {
        }
    }
}

/// <summary>A breaker that carries everything: what added latency is measured against.</summary>
public sealed record UncappedOptions : PowerManagerSpec
{
    public static readonly OptionSet<UncappedOptions> Set = new();

    public override (double First, double Second) Watched => (PolcaOptions.DefaultFirst, PolcaOptions.DefaultSecond);

    public override bool HasBrake => false;

    public override IPowerManager Create() => new BrakeOnlyOptions().Create();
}
