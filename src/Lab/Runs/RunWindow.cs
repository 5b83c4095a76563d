using Orrery.Kernel.Time;

namespace Orrery.Lab.Runs;

/// <summary>A part of a run's virtual time, from (included) to (excluded): what a paper measured where it did not measure everything.</summary>
public sealed record RunWindow(Instant From, Instant To)
{
    public double Seconds => (To - From).Seconds;

    public bool Contains(Instant instant) => instant >= From && instant < To;

    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{From.Seconds:0.###} s to {To.Seconds:0.###} s");
}
