using Orrery.Documents;
using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>Options of POLCA: two thresholds of a row's power, and the clocks that are sent at each.</summary>
public sealed record PolcaOptions : PowerManagerSpec
{
    /// <summary>Share of the budget at which low priority is slowed (POLCA, c).</summary>
    public const double DefaultFirst = 0.80;

    /// <summary>Share of the budget at which it is slowed more, and high priority a little (POLCA, c).</summary>
    public const double DefaultSecond = 0.89;

    /// <summary>How far below a threshold power must fall before its cap is lifted (POLCA, c).</summary>
    public const double DefaultHysteresis = 0.05;

    /// <summary>f₁: low priority over the first threshold; the base clock of an A100 (POLCA, c).</summary>
    public const double DefaultLowHertz = 1.275e9;

    /// <summary>f₂: low priority over the second (POLCA, c).</summary>
    public const double DefaultLowestHertz = 1.110e9;

    /// <summary>f₃: high priority when that was not enough (POLCA, c).</summary>
    public const double DefaultHighHertz = 1.305e9;

    private const string Source = "POLCA, arXiv 2308.12908 (c)";

    public static readonly OptionSet<PolcaOptions> Set = AddTo<PolcaOptions>(new(), o => o, (_, v) => v);

    public double FirstThreshold { get; init; } = DefaultFirst;

    public double SecondThreshold { get; init; } = DefaultSecond;

    public double Hysteresis { get; init; } = DefaultHysteresis;

    public double LowHertz { get; init; } = DefaultLowHertz;

    public double LowestHertz { get; init; } = DefaultLowestHertz;

    public double HighHertz { get; init; } = DefaultHighHertz;

    public override (double First, double Second) Watched => (FirstThreshold, SecondThreshold);

    /// <summary>Declares these options among those of a record that holds them.</summary>
    public static OptionSet<T> AddTo<T>(OptionSet<T> options, Func<T, PolcaOptions> part, Func<T, PolcaOptions, T> put)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(options);
        return options
            .Number("firstThreshold", o => part(o).FirstThreshold, (o, v) => put(o, part(o) with { FirstThreshold = v }),
                "T1, share of the row's budget at which low priority is slowed to lowClock", Source, max: 1)
            .Number("secondThreshold", o => part(o).SecondThreshold, (o, v) => put(o, part(o) with { SecondThreshold = v }),
                "T2, share at which low priority is slowed to lowestClock, then high priority to highClock", Source, max: 1)
            .Number("hysteresis", o => part(o).Hysteresis, (o, v) => put(o, part(o) with { Hysteresis = v }),
                "how far below a threshold power falls before its cap is lifted", Source, max: 1)
            .Quantity("lowClock", Quantity.Frequency, o => part(o).LowHertz, (o, v) => put(o, part(o) with { LowHertz = v }),
                "f1, clock of low priority over the first threshold", Source, min: 1e6)
            .Quantity("lowestClock", Quantity.Frequency, o => part(o).LowestHertz, (o, v) => put(o, part(o) with { LowestHertz = v }),
                "f2, clock of low priority over the second", Source, min: 1e6)
            .Quantity("highClock", Quantity.Frequency, o => part(o).HighHertz, (o, v) => put(o, part(o) with { HighHertz = v }),
                "f3, clock of high priority when that was not enough", Source, min: 1e6);
    }

    public override string? Fault(ClockLaws laws)
    {
        ArgumentNullException.ThrowIfNull(laws);
        if (FirstThreshold > SecondThreshold) return "firstThreshold: it stands below secondThreshold; write a smaller share";
        if (Hysteresis >= FirstThreshold) return "hysteresis: power never falls so far below firstThreshold, and no cap would be lifted; write a smaller share";
        if (LowHertz > laws.FullHertz) return "lowClock: a cap slows down; write a clock of at most fullClock";
        if (LowestHertz > LowHertz) return "lowestClock: the second cap is not above the first; write a clock of at most lowClock";
        return HighHertz > laws.FullHertz ? "highClock: a cap slows down; write a clock of at most fullClock" : null;
    }

    public override IPowerManager Create() => new Polca(this);
}
