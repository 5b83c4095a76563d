using System.Globalization;

namespace Orrery.Kernel.Units;

/// <summary>An amount in US dollars, the currency of the catalogue's prices.</summary>
public readonly record struct Money(double Dollars) : IComparable<Money>
{
    public const string Currency = "USD";

    public static Money Zero => default;

    public static Money operator +(Money a, Money b) => new(a.Dollars + b.Dollars);

    public static Money operator -(Money a, Money b) => new(a.Dollars - b.Dollars);

    public static Money operator *(Money a, double factor) => new(a.Dollars * factor);

    public static double operator /(Money a, Money b) => a.Dollars / b.Dollars;

    public static bool operator <(Money a, Money b) => a.Dollars < b.Dollars;

    public static bool operator >(Money a, Money b) => a.Dollars > b.Dollars;

    public static bool operator <=(Money a, Money b) => a.Dollars <= b.Dollars;

    public static bool operator >=(Money a, Money b) => a.Dollars >= b.Dollars;

    public int CompareTo(Money other) => Dollars.CompareTo(other.Dollars);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"${Dollars:0.00}");
}
