using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.Andes;
using Orrery.Serving.Systems.BatchLlm;
using Orrery.Serving.Systems.DistServe;
using Orrery.Serving.Systems.FasterTransformer;
using Orrery.Serving.Systems.FastGen;
using Orrery.Serving.Systems.FastSwitch;
using Orrery.Serving.Systems.HfStatic;
using Orrery.Serving.Systems.Lamps;
using Orrery.Serving.Systems.NanoFlow;
using Orrery.Serving.Systems.Orca;
using Orrery.Serving.Systems.Priority;
using Orrery.Serving.Systems.RoundRobin;
using Orrery.Serving.Systems.SarathiServe;
using Orrery.Serving.Systems.Splitwise;
using Orrery.Serving.Systems.Trail;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Serving.Systems.VllmV0Chunked;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Serving.Systems.Vtc;

namespace Orrery.Serving.Systems;

/// <summary>Every scheduler by name: one line per published system.</summary>
public static class Schedulers
{
    public static readonly PluginRegistry<SchedulerSpec> Registry = new(
        "scheduler",
        Plugin("hf-static", "Static batches padded to the longest prompt; finished rows cost until the last row ends.",
            "Hugging Face generate, our rule (d)", () => HfStaticOptions.Set),
        Plugin("ft", "Request-level batches with memory for the model's limit each; nobody joins a running batch.",
            "FasterTransformer, as in Sarathi-Serve's code (b)", () => FasterTransformerOptions.Set),
        Plugin("orca", "Iteration-level batches of whole prompts and decodes, first come first served, memory reserved ahead.",
            "Yu et al., OSDI 2022", () => OrcaOptions.Set),
        Plugin("vllm-v0", "Paged memory, prompts first in steps of their own, preemption by recompute.",
            "Kwon et al., SOSP 2023; vLLM v0 code (b)", () => VllmV0Options.Set),
        Plugin("vllm-v0-chunked", "One token budget per step: decodes, then partial prompts, then the queue.",
            "vLLM 0.4 to 0.6 (c)", () => VllmV0ChunkedOptions.Set),
        Plugin("vllm-v1", "No phases: each step hands one token budget to the running set, then to the queue.",
            "vLLM v1 code (b)", () => VllmV1Options.Set),
        Plugin("priority", "Prompts first by priority; urgent requests evict running ones of lower priority.",
            "vLLM v0 (c)", () => PriorityOptions.Set),
        Plugin("priority-refresh", "Priorities change every few steps; the most urgent that fit run, the others are swapped out.",
            "FastSwitch, arXiv 2411.18424 (b)", () => PriorityRefreshOptions.Set),
        Plugin("nanoflow", "Steps of one constant size: all decodes, prompts up to exactly B; batches formed one step ahead.",
            "Zhu et al., OSDI 2025, arXiv 2408.12757", () => NanoFlowOptions.Set),
        Plugin("trail", "Shortest predicted remaining output first; preemption only early in a request's life, memory kept.",
            "Shahout et al., ICLR 2025, arXiv 2410.01035", () => TrailOptions.Set),
        Plugin("lamps", "Smallest predicted area of KV memory over time first, tool calls included; running ones first come first served.",
            "Shahout et al., NeurIPS 2025, arXiv 2410.18248", () => LampsOptions.Set),
        Plugin("vtc", "Fair shares between clients by virtual token counters.",
            "Sheng et al., OSDI 2024, arXiv 2401.00588", () => VtcOptions.Set),
        Plugin("sarathi-serve", "Stall-free batches: decodes first, then slices of prompts up to one token budget.",
            "Agrawal et al., OSDI 2024, arXiv 2403.02310", () => SarathiServeOptions.Set),
        Plugin("fastgen", "Passes of one fixed size: long prompts are split, short ones composed, generation rides along.",
            "Holmes et al. 2024, arXiv 2401.08671", () => FastGenOptions.Set),
        Plugin("batchllm", "Offline jobs: requests with a common prefix run together, memory alone limits the batch.",
            "Zheng et al. 2024, arXiv 2412.03594", () => BatchLlmOptions.Set),
        Plugin("andes", "Serves those whose quality of experience gains most per token of memory; readers' buffers let others wait.",
            "Liu et al. 2024, arXiv 2404.16283", () => AndesOptions.Set),
        Plugin("distserve", "Whole prompts, or decodes, first come first served; the last decode goes to the host when blocks run out.",
            "Zhong et al., OSDI 2024, arXiv 2401.09670", () => DistServeOptions.Set),
        Plugin("splitwise", "Each iteration anew: who missed four, prompts, decodes that had to wait, decodes of the batch, the others.",
            "Patel et al., ISCA 2024, arXiv 2311.18677", () => SplitwiseOptions.Set),
        Plugin("round-robin", "A first-come ring: after a quantum of steps a request gives way to whoever waits.",
            "baseline of Andes, arXiv 2404.16283 (c)", () => RoundRobinOptions.Set));

    private static Plugin<SchedulerSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : SchedulerSpec, new() => new(name, summary, source, options);
}
