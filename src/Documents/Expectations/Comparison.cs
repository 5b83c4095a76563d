namespace Orrery.Documents.Expectations;

/// <summary>How a measured value must stand to the goal.</summary>
public enum Comparison
{
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,

    /// <summary>Exactly, without tolerance: meant for counts.</summary>
    Equal,
    NotEqual,
}

/// <summary>The signs of the comparisons.</summary>
public static class Comparisons
{
    private static readonly string[] Signs = ["<=", "<", ">=", ">", "==", "!="];

    public static IReadOnlyList<string> All => Signs;

    public static string Sign(this Comparison comparison) => Signs[(int)comparison];

    public static bool Holds(this Comparison comparison, double measured, double goal) => comparison switch
    {
        Comparison.LessOrEqual => measured <= goal,
        Comparison.Less => measured < goal,
        Comparison.GreaterOrEqual => measured >= goal,
        Comparison.Greater => measured > goal,
        Comparison.Equal => measured == goal,
        _ => measured != goal,
    };

    internal static bool TryParse(string sign, out Comparison comparison)
    {
        int index = Array.IndexOf(Signs, sign);
        comparison = (Comparison)index;
        return index >= 0;
    }
}
