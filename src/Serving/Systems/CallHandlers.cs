using Orrery.Documents;
using Orrery.Serving.Calls;
using Orrery.Serving.Systems.InferCept;
using Orrery.Serving.Systems.Lamps;

namespace Orrery.Serving.Systems;

/// <summary>Every handling of tool calls by name: any of them under any scheduler that can take a sequence back with its KV.</summary>
public static class CallHandlers
{
    /// <summary>What engines without a notion of tools do: the rest is a new request.</summary>
    public const string Usual = "discard";

    public static readonly PluginRegistry<CallHandlingSpec> Registry = new(
        "handling of tool calls",
        new Plugin<CallHandlingSpec, DiscardOptions>(Usual, "Frees the KV during a call; the rest is a new request.", "vLLM, as in InferCept (b)", () => DiscardOptions.Set),
        new Plugin<CallHandlingSpec, PreserveOptions>("preserve", "Keeps the KV on the device during a call.", "InferCept, arXiv 2402.01869", () => PreserveOptions.Set),
        new Plugin<CallHandlingSpec, SwapPausedOptions>("swap", "Copies the KV to the host during a call, where there is room.", "InferCept, arXiv 2402.01869", () => SwapPausedOptions.Set),
        new Plugin<CallHandlingSpec, InferCeptOptions>(
            "infercept", "Keeps, discards or swaps by the least waste of memory, asked again at every step with the time waited so far.",
            "Abhyankar et al., ICML 2024, arXiv 2402.01869", () => InferCeptOptions.Set),
        new Plugin<CallHandlingSpec, PredictedOptions>(
            "predicted", "Keeps, discards or swaps by the least predicted waste, decided before the call is made.",
            "Shahout et al., arXiv 2410.18248 (b)", () => PredictedOptions.Set));
}
