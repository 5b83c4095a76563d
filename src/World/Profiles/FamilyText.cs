using System.Globalization;
using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>How families write their numbers, so that the same profile is the same text.</summary>
internal static class FamilyText
{
    /// <summary>Nanoseconds with three decimals.</summary>
    public static Node Seconds(double seconds) => Node.Plain((seconds * 1e9).ToString("0.###", CultureInfo.InvariantCulture) + "ns");

    /// <summary>A share or factor with four significant digits.</summary>
    public static Node Number(double value) => Node.Plain(value.ToString("G4", CultureInfo.InvariantCulture));

    /// <summary>What <see cref="Seconds"/> reads back as.</summary>
    public static double RoundSeconds(double seconds) =>
        double.Parse((seconds * 1e9).ToString("0.###", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) / 1e9;

    /// <summary>What <see cref="Number"/> reads back as.</summary>
    public static double RoundNumber(double value) => double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
