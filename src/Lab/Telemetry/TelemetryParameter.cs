namespace Orrery.Lab.Telemetry;

/// <summary>One physical constant that telemetry may change.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="IsSeconds">A time; else a factor on times.</param>
/// <param name="Start">What the scenario's own profile and engine say.</param>
/// <param name="Least">Search bound.</param>
/// <param name="Most">Search bound.</param>
public sealed record TelemetryParameter(string Name, bool IsSeconds, double Start, double Least, double Most)
{
    /// <summary>Widest factor (d): a profile further off is of another device or another model.</summary>
    private const double WidestFactor = 4;

    /// <summary>
    /// Price of leaving the start, per squared natural logarithm (d): a tenth off costs a ten-thousandth of relative error. What the log does not
    /// tell stays where it was, and what it tells is hardly held back.
    /// </summary>
    private const double FactorStiffness = 0.01;

    /// <summary>Overheads are known to their order of magnitude only (d).</summary>
    private const double SecondsStiffness = 0.0003;

    /// <summary>First step of a search, as a logarithm: a fifth of a factor, a doubling and more of an overhead (d).</summary>
    internal double FirstStep => IsSeconds ? 1 : 0.2;

    public static TelemetryParameter Factor(string name) => new(name, IsSeconds: false, 1, 1 / WidestFactor, WidestFactor);

    /// <param name="name">What it is about.</param>
    /// <param name="own">What the engine says; the search starts within the bounds.</param>
    /// <param name="least">Search bound in seconds.</param>
    /// <param name="most">Search bound in seconds.</param>
    public static TelemetryParameter Seconds(string name, double own, double least, double most) =>
        new(name, IsSeconds: true, Math.Clamp(own, least, most), least, most);

    /// <summary>A ten-thousandth of a factor and a tenth of a microsecond are far below what a log can tell.</summary>
    internal double Rounded(double value) => Math.Round(value, IsSeconds ? 7 : 4);

    /// <summary>What this value adds to the relative error that is minimised.</summary>
    internal double Penalty(double value)
    {
        double log = Math.Log(value / Start);
        return (IsSeconds ? SecondsStiffness : FactorStiffness) * log * log;
    }
}
