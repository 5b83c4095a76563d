using Orrery.Kernel.Time;

namespace Orrery.Serving.Power;

/// <summary>One reading of a row's power.</summary>
/// <param name="At">End of the time that it is the mean of.</param>
/// <param name="Share">Of the row's budget.</param>
public readonly record struct PowerSample(Instant At, double Share);

/// <summary>What a manager can do to the servers of its row, and what it knows of what it has done.</summary>
public interface IRowControls
{
    /// <summary>True when every command has taken effect.</summary>
    bool IsSettled { get; }

    /// <summary>Sends a clock to the servers of one priority that do not have it as their target; it takes effect after the actuators' delay.</summary>
    /// <param name="hertz">The highest clock allowed; null lifts the cap.</param>
    void Cap(ServerPriority priority, double? hertz);
}

/// <summary>
/// Keeps the power of a row under its budget. Pure: it sees readings and whether its commands have taken effect, nothing of what the
/// servers do. The brake is not its business: that is hardware, and while it holds there are no readings for the manager.
/// </summary>
public interface IPowerManager
{
    /// <summary>A reading arrived, the delay of telemetry after its end.</summary>
    void Observe(PowerSample sample, IRowControls row);

    /// <summary>Share of the budget below which the brake may be lifted.</summary>
    double BrakeRelease { get; }
}

/// <summary>A power manager as data: named, comparable, what a scenario holds.</summary>
public abstract record PowerManagerSpec
{
    /// <summary>A fresh manager of one row.</summary>
    public abstract IPowerManager Create();

    /// <summary>Shares of the budget above which time is counted, the lower one first.</summary>
    public abstract (double First, double Second) Watched { get; }

    /// <summary>False where nothing happens at the budget: the row that others are compared with.</summary>
    public virtual bool HasBrake => true;

    /// <summary>What is wrong with the options together, a sentence that opens with a key; null where nothing is.</summary>
    /// <param name="laws">What clocks do to the servers of the row: caps slow down.</param>
    public virtual string? Fault(ClockLaws laws) => null;
}
