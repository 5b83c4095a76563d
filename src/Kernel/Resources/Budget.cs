namespace Orrery.Kernel.Resources;

/// <summary>An amount that is spent and never comes back: privacy loss, grams of carbon, money. It cannot be exceeded.</summary>
/// <remarks>
/// Counted in whole units of the owner's choice (micro-epsilon, milligrams), because a sum of fractions could creep past its limit.
/// Round a charge up when converting it to units.
/// </remarks>
public sealed class Budget
{
    private readonly string _name;

    /// <param name="name">Shown in errors.</param>
    /// <param name="limit">All there ever is, in units.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is negative.</exception>
    public Budget(string name, long limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        _name = name;
        Limit = limit;
    }

    public long Limit { get; }

    public long Spent { get; private set; }

    public long Remaining => Limit - Spent;

    /// <summary>Charges that were refused.</summary>
    public long Refusals { get; private set; }

    /// <summary>Spends an amount if all of it is left; otherwise spends nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The amount is negative: a budget does not refill.</exception>
    public bool TryCharge(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        if (amount > Remaining)
        {
            Refusals++;
            return false;
        }
        Spent += amount;
        return true;
    }

    public override string ToString() => $"{_name}: {Spent} of {Limit} spent";
}
