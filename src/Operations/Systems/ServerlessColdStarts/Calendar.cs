namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>How many calls come at an hour of the week, relative to the mean: a cosine through the day times weekday or weekend.</summary>
/// <param name="PeakToTrough">Highest over lowest rate of a day; from 2 to more than 1,000 between functions (b).</param>
/// <param name="WeekdayFactor">A weekday's calls over a weekend day's: weekdays have about 30 % more pods (b).</param>
/// <param name="PeakHour">Hour of the day of the peak.</param>
public sealed record Calendar(double PeakToTrough, double WeekdayFactor, double PeakHour)
{
    private const double SecondsPerHour = 3600;
    private const int HoursPerDay = 24;
    private const int DaysPerWeek = 7;
    private const int Weekdays = 5;

    /// <summary>The factor at a time since Monday, midnight; its mean over a week is 1.</summary>
    public double At(double seconds)
    {
        double hours = seconds / SecondsPerHour;
        double swing = (PeakToTrough - 1) / (PeakToTrough + 1);
        double ofDay = 1 + (swing * Math.Cos(2 * Math.PI * (hours - PeakHour) / HoursPerDay));
        double weekend = DaysPerWeek / ((Weekdays * WeekdayFactor) + DaysPerWeek - Weekdays);
        int day = (int)Math.Floor(hours / HoursPerDay) % DaysPerWeek;
        return ofDay * (day < Weekdays ? WeekdayFactor * weekend : weekend);
    }

    /// <summary>The largest factor of the week.</summary>
    public double Highest => At(PeakHour * SecondsPerHour);
}
