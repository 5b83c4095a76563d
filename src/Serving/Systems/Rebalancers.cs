using Orrery.Documents;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Systems.Llumnix;

namespace Orrery.Serving.Systems;

/// <summary>Every rebalancer by name.</summary>
public static class Rebalancers
{
    public static readonly PluginRegistry<RebalancerSpec> Registry = new(
        "rebalancer",
        new Plugin<RebalancerSpec, LlumnixOptions>("llumnix", "Moves running requests live from replicas short of memory to those with most room per request.",
            "Sun et al., OSDI 2024, arXiv 2406.03243 (b)", () => LlumnixOptions.Set));
}

/// <summary>Every autoscaler by name.</summary>
public static class Autoscalers
{
    public static readonly PluginRegistry<AutoscalerSpec> Registry = new(
        "autoscaler",
        new Plugin<AutoscalerSpec, TargetLoadOptions>("target-load", "Live requests per replica near a target, with a tolerance and a hold-down time.",
            "Kubernetes horizontal autoscaler (c)", () => TargetLoadOptions.Set),
        new Plugin<AutoscalerSpec, KeepAliveOptions>("keep-alive", "Starts on demand, stops a fixed time after the last request; down to nothing.",
            "function platforms: Joosen et al., EuroSys 2025 (b)", () => KeepAliveOptions.Set),
        new Plugin<AutoscalerSpec, LlumnixScalingOptions>("llumnix", "Keeps the average freeness of the fleet between two levels.",
            "Sun et al., OSDI 2024, arXiv 2406.03243 (b)", () => LlumnixScalingOptions.Set));
}
