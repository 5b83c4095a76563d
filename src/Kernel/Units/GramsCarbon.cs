namespace Orrery.Kernel.Units;

/// <summary>Mass of CO2-equivalent emitted, in grams.</summary>
public readonly record struct GramsCarbon(double Value) : IComparable<GramsCarbon>
{
    public static GramsCarbon Zero => default;

    public static GramsCarbon operator +(GramsCarbon a, GramsCarbon b) => new(a.Value + b.Value);

    public static GramsCarbon operator -(GramsCarbon a, GramsCarbon b) => new(a.Value - b.Value);

    public static GramsCarbon operator *(GramsCarbon a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(GramsCarbon a, GramsCarbon b) => (double)a.Value / b.Value;

    public static bool operator <(GramsCarbon a, GramsCarbon b) => a.Value < b.Value;

    public static bool operator >(GramsCarbon a, GramsCarbon b) => a.Value > b.Value;

    public static bool operator <=(GramsCarbon a, GramsCarbon b) => a.Value <= b.Value;

    public static bool operator >=(GramsCarbon a, GramsCarbon b) => a.Value >= b.Value;

    public int CompareTo(GramsCarbon other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "g");
}
