namespace Orrery.World.Cost;

/// <summary>Nanoseconds of a group of operators.</summary>
/// <param name="Compute">Matrix units at the rate they attain, or at their peak where the group was measured whole.</param>
/// <param name="Memory">Device memory, likewise.</param>
/// <param name="Busy">What the group takes beside launches: the sum over operators of the larger of the two, or as measured.</param>
/// <param name="Launch">Kernel launches that <paramref name="Busy"/> does not contain.</param>
internal readonly record struct OperatorTime(double Compute, double Memory, double Busy, double Launch)
{
    public double Elapsed => Busy + Launch;

    public static OperatorTime operator +(OperatorTime a, OperatorTime b) =>
        new(a.Compute + b.Compute, a.Memory + b.Memory, a.Busy + b.Busy, a.Launch + b.Launch);

    /// <summary>The same work, so many times slower.</summary>
    public OperatorTime Slower(double factor) => factor == 1 ? this : new(Compute, Memory, Busy * factor, Launch * factor);

    public static OperatorTime operator *(int count, OperatorTime a) =>
        new(count * a.Compute, count * a.Memory, count * a.Busy, count * a.Launch);
}
