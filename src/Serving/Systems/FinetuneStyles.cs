using Orrery.Documents;
using Orrery.Serving.Finetuning;
using Orrery.Serving.Systems.FlexLlm;

namespace Orrery.Serving.Systems;

/// <summary>Every way of finetuning beside inference by name: any of them over any scheduler.</summary>
public static class FinetuneStyles
{
    public static readonly PluginRegistry<FinetuneSpec> Registry = new(
        "finetuning",
        new Plugin<FinetuneSpec, FlexLlmOptions>("co-serve", "Windows of a training sequence fill what inference leaves of each step's latency target.",
            "FlexLLM, arXiv 2402.18789", () => FlexLlmOptions.Set),
        new Plugin<FinetuneSpec, TemporalSharingOptions>("temporal", "A whole training iteration after every so many inference steps, which wait for it.",
            "baseline in FlexLLM (c)", () => TemporalSharingOptions.Set),
        new Plugin<FinetuneSpec, SpatialSharingOptions>("spatial", "Two processes on one device, each slowed by the other.",
            "baseline in FlexLLM (c)", () => SpatialSharingOptions.Set),
        new Plugin<FinetuneSpec, TrainingAloneOptions>("alone", "The replica takes no requests and trains: separate clusters, or the peak.",
            "baseline in FlexLLM (c)", () => TrainingAloneOptions.Set));
}
