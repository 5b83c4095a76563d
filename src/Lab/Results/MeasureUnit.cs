using Orrery.Documents;

namespace Orrery.Lab.Results;

/// <summary>What a measure's numbers count, in plain units: seconds, shares of one, joules, grams, litres, dollars.</summary>
public enum MeasureUnit
{
    Seconds,
    PerSecond,
    Share,
    Count,

    /// <summary>A number of any size, whose unit its name says.</summary>
    Number,
    JoulesPerToken,
    Joules,
    Grams,
    Litres,
    Dollars,
}

/// <summary>Which end of a measure is the good one.</summary>
public enum Better
{
    /// <summary>Neither: it describes.</summary>
    Neither,
    Lower,
    Higher,
}

/// <summary>What people may write beside a measure in expressions.</summary>
public static class MeasureUnits
{
    /// <summary>The kind of quantity that a limit on such a measure is written in.</summary>
    public static Quantity KindOf(MeasureUnit unit) => unit switch
    {
        MeasureUnit.Seconds => Quantity.Duration,
        MeasureUnit.PerSecond => Quantity.Rate,
        MeasureUnit.Joules or MeasureUnit.JoulesPerToken => Quantity.Energy,
        MeasureUnit.Grams => Quantity.Mass,
        MeasureUnit.Litres => Quantity.Volume,
        MeasureUnit.Dollars => Quantity.Money,
        _ => Quantity.Number,
    };
}
