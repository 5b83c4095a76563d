namespace Orrery.Serving.Execution;

/// <summary>How much longer steps take than at the full clock of their devices.</summary>
/// <param name="Prompts">Factor on the time of steps with prompts (or drafts or training) in them, at least 1.</param>
/// <param name="Decodes">Factor on the time of steps of decodes alone, at least 1.</param>
public sealed record StepPace(double Prompts, double Decodes)
{
    /// <summary>Nothing slows the devices down.</summary>
    public static StepPace Full { get; } = new(1, 1);

    /// <summary>Time of a step of that kind that takes so many nanoseconds at the full clock, rounded to a nanosecond.</summary>
    public long Nanoseconds(long atFullClock, bool isDecodeOnly)
    {
        double factor = isDecodeOnly ? Decodes : Prompts;
        return factor == 1 ? atFullClock : (long)Math.Round(atFullClock * factor);
    }
}

/// <summary>An executor whose devices can be slowed down.</summary>
public interface IPacedExecutor
{
    /// <summary>Holds for steps that start from now on. Whoever sets it cuts the runs whose ends are known already.</summary>
    StepPace Pace { get; set; }
}
