using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>What keeps the row under its budget.</summary>
public enum RowPolicy
{
    /// <summary>Two thresholds.</summary>
    Polca,

    /// <summary>One threshold, at secondThreshold; low priority is slowed to lowestClock.</summary>
    OneThresholdLow,

    /// <summary>The same for all servers.</summary>
    OneThresholdAll,

    /// <summary>No caps; the brake alone.</summary>
    BrakeOnly,

    /// <summary>A breaker that carries everything.</summary>
    Uncapped,
}

/// <summary>What the servers of the row do.</summary>
public enum RowWork
{
    /// <summary>They serve BLOOM-176B.</summary>
    Inference,

    /// <summary>They train together.</summary>
    Training,
}

/// <summary>Options of the row: how many servers on how much power, under which policy, with which traffic.</summary>
public sealed record RowOptions : ExperimentSpec
{
    /// <summary>Requests per second and server at the busiest hour at which the row without added servers peaks at 79 % of its budget (d, from c).</summary>
    public const double DefaultPeakRate = 0.14;

    /// <summary>(8 · 80 GB − 329 GB of weights) / 4.01 MB a token (Splitwise's numbers for BLOOM-176B, b).</summary>
    public const int DefaultKvTokens = 77_556;

    private const string Published = "POLCA, arXiv 2308.12908 (c)";
    private const int MostServers = 10_000;
    private const int MostDays = 400;
    private const double SecondsPerDay = 86_400;

    /// <summary>One of each priority.</summary>
    private const int LeastInference = 2;

    /// <summary>A request in eleven days, and more than any server of the row could begin: beyond both nothing is learnt (d).</summary>
    private const double LeastRate = 1e-6, MostRate = 100;

    public static readonly OptionSet<RowOptions> Set = Declare();

    public RowPolicy Policy { get; init; }

    public RowWork Work { get; init; }

    /// <summary>Servers whose rated power the row has.</summary>
    public int Servers { get; init; } = 40;

    /// <summary>Servers beyond those, as a share of them.</summary>
    public double Added { get; init; }

    public double Days { get; init; } = 7;

    public double PeakRatePerServer { get; init; } = DefaultPeakRate;

    /// <summary>Rate of the quietest hour over that of the busiest.</summary>
    public double Trough { get; init; } = 0.5;

    public double Weekend { get; init; } = 0.8;

    /// <summary>Share of chat that is of low priority.</summary>
    public double LowChat { get; init; } = 0.5;

    public int KvTokens { get; init; } = DefaultKvTokens;

    public PolcaOptions Thresholds { get; init; } = new();

    public RowPowerOptions Power { get; init; } = new();

    public override IReadOnlyList<ExperimentFigure> Figures => RowRun.Figures;

    /// <summary>The policy as data.</summary>
    public PowerManagerSpec Manager => Policy switch
    {
        RowPolicy.Polca => Thresholds,
        RowPolicy.OneThresholdLow => OneThreshold(CappedServers.Low),
        RowPolicy.OneThresholdAll => OneThreshold(CappedServers.All),
        RowPolicy.BrakeOnly => new BrakeOnlyOptions(),
        _ => new UncappedOptions(),
    };

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (Days <= 0) throw new InputException("days: the row needs some time to run; write for example 7");
        if (Work == RowWork.Inference && AllServers < LeastInference)
            throw new InputException("servers: inference has servers of two priorities, and there is one server; write 2 or more, or work: training");
        if (Power.Fault() is { } power) throw new InputException(power);
        if (Thresholds.Fault(Power.Laws) is { } thresholds) throw new InputException(thresholds);
        if (Power.Interval.Seconds > Days * SecondsPerDay)
            throw new InputException("interval: the run ends before the first reading of the row's power; write a shorter interval or more days");
        return new RowRun(this, random).Run(cancel);
    }

    /// <summary>Those that the row was built for and the added ones.</summary>
    internal int AllServers => (int)Math.Round(Servers * (1 + Added));

    private OneThresholdOptions OneThreshold(CappedServers who) => new()
    {
        Threshold = Thresholds.SecondThreshold,
        Hysteresis = Thresholds.Hysteresis,
        Hertz = Thresholds.LowestHertz,
        Who = who,
    };

    private static OptionSet<RowOptions> Declare()
    {
        OptionSet<RowOptions> options = new OptionSet<RowOptions>()
            .Choice<RowPolicy>("policy", o => o.Policy, (o, v) => o with { Policy = v }, "what keeps the row under its budget", Published)
            .Choice<RowWork>("work", o => o.Work, (o, v) => o with { Work = v }, "what the servers do", Published)
            .Int("servers", o => o.Servers, (o, v) => o with { Servers = v }, "servers whose rated power the row has", Published, max: MostServers)
            .Number("added", o => o.Added, (o, v) => o with { Added = v }, "servers beyond those, as a share of them; the load of each stays", Published, max: 10)
            .Number("days", o => o.Days, (o, v) => o with { Days = v }, "simulated days, from a Monday at midnight", "our choice (d); six weeks were published (c)", max: MostDays)
            .Quantity("peakRate", Quantity.Rate, o => o.PeakRatePerServer, (o, v) => o with { PeakRatePerServer = v },
                "requests per server at the busiest hour", "40 servers peak at 79 % of their rated power (d, from c)", min: LeastRate, max: MostRate)
            .Number("trough", o => o.Trough, (o, v) => o with { Trough = v }, "rate of the quietest hour over that of the busiest", "our choice (d)", max: 1)
            .Number("weekend", o => o.Weekend, (o, v) => o with { Weekend = v }, "rate at weekends over that of working days", "our choice (d)", max: 1)
            .Number("lowChat", o => o.LowChat, (o, v) => o with { LowChat = v }, "share of chat that is of low priority; summaries all are, searches never", Published, max: 1)
            .Int("kvTokens", o => o.KvTokens, (o, v) => o with { KvTokens = v }, "tokens that the KV memory of a server holds", "Splitwise's numbers for BLOOM-176B (b)");
        options = PolcaOptions.AddTo(options, o => o.Thresholds, (o, v) => o with { Thresholds = v });
        return RowPowerOptions.AddTo(options, o => o.Power, (o, v) => o with { Power = v });
    }
}
