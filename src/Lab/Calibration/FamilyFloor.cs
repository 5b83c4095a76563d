namespace Orrery.Lab.Calibration;

/// <summary>Floors as a document states them, so that a written profile reads back as the fitted one.</summary>
internal static class FamilyFloor
{
    /// <summary>Nanoseconds with three decimals.</summary>
    public static double Round(double seconds) => Math.Round(seconds * 1e9, 3) / 1e9;
}
