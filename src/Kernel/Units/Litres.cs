namespace Orrery.Kernel.Units;

/// <summary>Volume of water consumed.</summary>
public readonly record struct Litres(double Value) : IComparable<Litres>
{
    public static Litres Zero => default;

    public static Litres operator +(Litres a, Litres b) => new(a.Value + b.Value);

    public static Litres operator -(Litres a, Litres b) => new(a.Value - b.Value);

    public static Litres operator *(Litres a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(Litres a, Litres b) => (double)a.Value / b.Value;

    public static bool operator <(Litres a, Litres b) => a.Value < b.Value;

    public static bool operator >(Litres a, Litres b) => a.Value > b.Value;

    public static bool operator <=(Litres a, Litres b) => a.Value <= b.Value;

    public static bool operator >=(Litres a, Litres b) => a.Value >= b.Value;

    public int CompareTo(Litres other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "L");
}
