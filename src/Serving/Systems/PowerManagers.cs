using Orrery.Documents;
using Orrery.Serving.Power;
using Orrery.Serving.Systems.Polca;

namespace Orrery.Serving.Systems;

/// <summary>Every power manager by name.</summary>
public static class PowerManagers
{
    private const string Paper = "POLCA, arXiv 2308.12908";

    public static readonly PluginRegistry<PowerManagerSpec> Registry = new(
        "power manager",
        new Plugin<PowerManagerSpec, PolcaOptions>("polca", "Two thresholds: low priority is slowed first, then more, then high priority a little.", Paper, () => PolcaOptions.Set),
        new Plugin<PowerManagerSpec, OneThresholdOptions>("one-threshold", "One threshold and one clock, for low priority or for all.", $"baseline of {Paper} (c)", () => OneThresholdOptions.Set),
        new Plugin<PowerManagerSpec, BrakeOnlyOptions>("brake-only", "No caps; the brake alone keeps the breaker closed.", $"baseline of {Paper} (c)", () => BrakeOnlyOptions.Set),
        new Plugin<PowerManagerSpec, UncappedOptions>("uncapped", "No caps and no brake: a breaker that carries everything.", "what latency is compared with (d)", () => UncappedOptions.Set));
}
