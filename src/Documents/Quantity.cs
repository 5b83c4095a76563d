namespace Orrery.Documents;

/// <summary>What a number with a unit measures; the comment names the unit of its plain value.</summary>
public enum Quantity
{
    /// <summary>A number without a unit: a share, a factor, a count.</summary>
    Number,

    /// <summary>Seconds.</summary>
    Duration,

    /// <summary>Bytes; GB = 10^9, GiB = 2^30.</summary>
    Bytes,

    /// <summary>Floating-point (or integer) operations; a multiply-add is two.</summary>
    Flops,

    /// <summary>Operations per second.</summary>
    FlopsPerSecond,

    /// <summary>Bytes per second.</summary>
    BytesPerSecond,

    /// <summary>Events per second.</summary>
    Rate,

    /// <summary>Watts.</summary>
    Power,

    /// <summary>Joules.</summary>
    Energy,

    /// <summary>Grams of CO2-equivalent per kilowatt-hour.</summary>
    CarbonIntensity,

    /// <summary>Litres per kilowatt-hour.</summary>
    WaterIntensity,

    /// <summary>Litres.</summary>
    Volume,

    /// <summary>Square millimetres.</summary>
    Area,

    /// <summary>Grams.</summary>
    Mass,

    /// <summary>US dollars.</summary>
    Money,

    /// <summary>Hertz: a clock frequency.</summary>
    Frequency,
}
