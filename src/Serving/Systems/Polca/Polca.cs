using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>How far the row is slowed down; each level holds all caps of those before it that are not replaced.</summary>
public enum PolcaLevel
{
    None,

    /// <summary>Low priority at f₁.</summary>
    Low,

    /// <summary>Low priority at f₂.</summary>
    Lowest,

    /// <summary>Low priority at f₂, high priority at f₃.</summary>
    High,
}

/// <summary>
/// Oversubscription of a row by two thresholds (Patel et al., "POLCA: Power Oversubscription in LLM Cloud Providers", arXiv 2308.12908;
/// "Characterizing Power Management Opportunities for LLMs in the Cloud", ASPLOS 2024). P is the row's power as a share of its budget:
/// <code>
/// P ≥ T₂       low priority to f₂; if it is there and P is still as high, high priority to f₃
/// P ≥ T₁       low priority to f₁
/// P &lt; T₁ − h   no caps
/// P &lt; T₂ − h   high priority free again, low priority back to f₁
/// </code>
/// </summary>
/// <remarks>
/// Clocks and not power limits, since a limit reacts too late for the short peaks of prompts. Commands take up to 40 s, hence thresholds
/// far below the budget, and the escalation only once the last commands have settled. O(1) per reading.
/// </remarks>
public sealed class Polca(PolcaOptions options) : IPowerManager
{
    public PolcaLevel Level { get; private set; }

    public double BrakeRelease => options.SecondThreshold - options.Hysteresis;

    public void Observe(PowerSample sample, IRowControls row)
    {
        ArgumentNullException.ThrowIfNull(row);
        PolcaLevel next = Next(sample.Share, row.IsSettled);
        if (next == Level) return;
        Level = next;
        double? low = next switch
        {
            PolcaLevel.None => null,
            PolcaLevel.Low => options.LowHertz,
            _ => options.LowestHertz,
        };
        row.Cap(ServerPriority.Low, low);
        row.Cap(ServerPriority.High, next == PolcaLevel.High ? options.HighHertz : null);
    }

    private PolcaLevel Next(double share, bool isSettled)
    {
        if (share >= options.SecondThreshold)
        {
            if (Level < PolcaLevel.Lowest) return PolcaLevel.Lowest;
            return isSettled ? PolcaLevel.High : Level;
        }
        if (share >= options.FirstThreshold && Level < PolcaLevel.Low) return PolcaLevel.Low;
        if (share < options.FirstThreshold - options.Hysteresis) return PolcaLevel.None;
        if (share < options.SecondThreshold - options.Hysteresis && Level >= PolcaLevel.Lowest) return PolcaLevel.Low;
        return Level;
    }
}
