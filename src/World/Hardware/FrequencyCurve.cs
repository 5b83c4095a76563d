namespace Orrery.World.Hardware;

/// <summary>
/// Clock, voltage and dynamic power of a device under a power limit: P(f) = static + κ·V(f)²·f, with V flat up to a knee and rising about
/// linearly above it; t(f) = t_memory + t_compute·f_max / f (reference table of power, forms 3 and 4). Clocks and voltages are shares of
/// those at full clock.
/// </summary>
/// <remarks>
/// Source of the two constants: BERT fine-tuning on one V100 under limits of 250 to 100 W (Zeus, NSDI 2023, Apache-2.0; b), idle at 38 W
/// and 95 % of the step slowed by the clock. At the measured draw the time ratios come out within 1.5 %, at the limit itself within 4 %.
/// Other devices are taken to have the same shape (d).
/// </remarks>
public static class FrequencyCurve
{
    /// <summary>Voltage below the knee.</summary>
    public const double LowestVoltage = 0.82;

    /// <summary>Fall of the voltage per fall of the clock, above the knee.</summary>
    public const double VoltageSlope = 0.8;

    /// <summary>Halvings that leave less than rounding.</summary>
    private const int Halvings = 60;

    /// <summary>V(f).</summary>
    /// <param name="clock">Share of the full clock.</param>
    public static double Voltage(double clock) => Math.Max(LowestVoltage, 1 - (VoltageSlope * (1 - clock)));

    /// <summary>V²·f: the share of the dynamic power that is left at a clock.</summary>
    public static double DynamicPower(double clock) => Voltage(clock) * Voltage(clock) * clock;

    /// <summary>The largest clock whose dynamic power stays within a share of the full one.</summary>
    /// <param name="dynamicShare">At most 1 counts.</param>
    public static double ClockWithin(double dynamicShare)
    {
        if (dynamicShare >= 1) return 1;
        double low = 0;
        double high = 1;
        for (int i = 0; i < Halvings; i++)
        {
            double middle = 0.5 * (low + high);
            if (DynamicPower(middle) <= dynamicShare) low = middle;
            else high = middle;
        }
        return low;
    }

    /// <summary>Time at a clock over time at full clock.</summary>
    /// <param name="clock">Share of the full clock.</param>
    /// <param name="computeShare">Share of the time at full clock that follows the clock; the rest waits for memory.</param>
    public static double TimeRatio(double clock, double computeShare) => 1 - computeShare + (computeShare / clock);
}
