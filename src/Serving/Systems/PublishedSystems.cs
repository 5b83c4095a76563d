namespace Orrery.Serving.Systems;

/// <summary>A published system as this project builds it: which parts, and what they go together with.</summary>
/// <param name="Name">As in its claims and its plug-ins.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Source">Paper or code.</param>
/// <param name="Entry">The keys of a fleet entry that make a replica this system, or of a scenario whose experiment it is, in YAML.</param>
/// <param name="ComposesWith">Parts of other systems that it takes, and which of its parts others may take.</param>
public sealed record PublishedSystem(string Name, string Summary, string Source, string Entry, string ComposesWith)
{
    /// <summary>The keys of the scenario's root that go with them; empty for none.</summary>
    public string Root { get; init; } = "";
}

/// <summary>Every published system by name.</summary>
public static class PublishedSystems
{
    private const string AnyMemory = "any memory (with shared prefixes or with hostSwap)";
    private const string OverAnyMemory = AnyMemory + ", calls, execution, draft and finetune";
    private const string SwapsBeside = "memory: {prefixCache: false, hostSwap: {size: 32GB, out: background, in: background}}";
    private const string TakesNothingBack = "calls: discard alone, no hostSwap: it takes no KV back";
    private const string FromPromptsAlone = "any memory and execution; " + TakesNothingBack;

    private const string Alone = "an experiment with a world of its own: its options, docs/experiments.md";

    public static readonly IReadOnlyList<PublishedSystem> All =
    [
        new("hf-static", "Static batches padded to the longest prompt.", "Hugging Face generate, our rule (d)", "scheduler: hf-static", FromPromptsAlone),
        new("ft", "Request-level batches with memory for the model's limit each.", "FasterTransformer, as in Sarathi-Serve's code (b)", "scheduler: ft", FromPromptsAlone),
        new("orca", "Iteration-level batches with memory reserved ahead.", "Yu et al., OSDI 2022", "scheduler: orca", OverAnyMemory),
        new("vllm-v0", "Paged memory; prompts first in steps of their own.", "Kwon et al., SOSP 2023", "scheduler: vllm-v0", OverAnyMemory),
        new("vllm-v0-chunked", "Decodes, then partial prompts, in one token budget.", "vLLM 0.4 to 0.6 (c)", "scheduler: vllm-v0-chunked", OverAnyMemory),
        new("vllm-v1", "No phases, prefix caching by default.", "vLLM v1 code (b)", "scheduler: vllm-v1", OverAnyMemory),
        new("priority", "Urgent requests evict those of lower priority.", "vLLM v0 (c)", "scheduler: priority", OverAnyMemory),
        new("vtc", "Fair shares between clients by virtual token counters.", "Sheng et al., OSDI 2024", "scheduler: vtc", OverAnyMemory),
        new("sarathi-serve", "Stall-free batches: decodes first, then slices of prompts.", "Agrawal et al., OSDI 2024", "scheduler: sarathi-serve", OverAnyMemory),
        new("fastgen", "Passes of one fixed size from split and composed prompts.", "Holmes et al. 2024", "scheduler: fastgen", OverAnyMemory),
        new("trail", "Shortest predicted remaining output first, limited preemption.", "Shahout et al., ICLR 2025", "scheduler: trail",
            OverAnyMemory + "; predictors: {outputLength, remaining}"),
        new("infercept", "Keeps, discards or swaps the KV of each paused request, by the least waste so far.", "Abhyankar et al., ICML 2024, arXiv 2402.01869",
            $"scheduler: vllm-v0-chunked\ncalls: infercept\n{SwapsBeside}", "its handling of calls works under any scheduler that takes KV back; with hostSwap it may swap"),
        new("lamps", "Smallest predicted memory over time first; handling of tool calls decided before the call.", "Shahout et al., NeurIPS 2025, arXiv 2410.18248",
            $"scheduler: lamps\ncalls: predicted\n{SwapsBeside}",
            "predictors: {calls}; its handling of calls works under any scheduler that takes KV back, its scheduler with any handling; " + AnyMemory + ", execution, draft and finetune"),
        new("batchllm", "Offline jobs in groups of shared prefixes, computed once and pinned.", "Zheng et al., arXiv 2412.03594", "scheduler: batchllm",
            "paged memory with shared prefixes, any execution; " + TakesNothingBack),
        new("nanoflow", "Overlapped nano-batches on the device, fed with steps of one size.", "Zhu et al., OSDI 2025",
            "scheduler: nanoflow\nexecution: nano-batches", "its execution works under any scheduler, its scheduler over any execution; " + AnyMemory + ", calls, draft and finetune"),
        new("vattention", "KV contiguous in virtual addresses, physical pages mapped as sequences grow.", "Prabhu et al., ASPLOS 2025",
            "scheduler: sarathi-serve\nmemory: {use: mapped, pageSize: 2MiB}", "its memory works under any scheduler, with hostSwap, any calls and execution; no shared prefixes"),
        new("priority-refresh", "Priorities drawn anew every so many steps; whoever falls behind is swapped out.", "the scheduler around FastSwitch, arXiv 2411.18424", "scheduler: priority-refresh", OverAnyMemory),
        new("fastswitch", "KV in contiguous groups, copied beside the steps, with host copies that stay valid.", "Shen et al., arXiv 2411.18424",
            "scheduler: priority-refresh\nmemory: {use: block-groups, hostSwap: {size: 60GB, out: background, in: adaptive, reuse: true}}",
            "its memory and swap engine work under any scheduler that takes KV back, with any calls, execution, draft and finetune"),
        new("round-robin", "A ring of quanta: who has been served gives way to who waits.", "baseline of Andes, arXiv 2404.16283", "scheduler: round-robin", OverAnyMemory),
        new("andes", "Serves who gains most quality of experience for the memory; pauses who is ahead of its reader.", "Liu et al., arXiv 2404.16283",
            "scheduler: andes\nmemory: {use: paged, prefixCache: false, hostSwap: 16GiB}", "qoe: of the scenario; " + OverAnyMemory),
        new("smartspec", "Proposes as many draft tokens as promise the most accepted tokens per second.", "Liu et al., arXiv 2406.14066",
            "scheduler: vllm-v1\ndraft: {model: ngram, control: smartspec}", "any scheduler without rectangular batches, any memory, execution and finetune, on one pipeline stage"),
        new("distserve", "Prompts and decodes on instances of their own; the decode side fetches KV when it has room.", "Zhong et al., OSDI 2024, arXiv 2401.09670",
            "scheduler: distserve\nmemory: {prefixCache: false, hostSwap: 16GB}",
            "role: prefill and role: decode entries with router: distserve and handOver: {mode: pull}; stepTimes: distserve; its planner is the experiment distserve-placement; " + AnyMemory + ", calls, execution and draft"),
        new("splitwise", "Prompt, token and mixed pools of unlike machines, KV pushed layer by layer.", "Patel et al., ISCA 2024, arXiv 2311.18677",
            "scheduler: splitwise",
            "role: prefill and role: decode entries with router: splitwise, handOver: {mode: push, overlap: layers} and predictors: {outputLength: oracle}; stepTimes: splitwise; its provisioning is the experiment splitwise-provisioning; " + OverAnyMemory),
        new("flexllm", "Finetuning of adapters in what inference leaves of each step.", "Oliaro et al., NSDI 2026, arXiv 2402.18789",
            "scheduler: sarathi-serve\nfinetune: co-serve", "any scheduler, memory and execution on one pipeline stage and data rank, with a model without experts or latent attention"),
        new("llumnix", "Moves running requests live between replicas; freeness, one number per replica, sends arrivals, pairs replicas and scales the fleet.", "Sun et al., OSDI 2024, arXiv 2406.03243",
            "scheduler: vllm-v0\nmemory: {use: paged, prefixCache: false}\nreplicas: 2",
            "any scheduler that takes KV back, with any memory, execution, calls and draft; its router, its rebalancer and its autoscaler also go alone")
        { Root = "router: llumnix\nrebalancer: llumnix" },
        new("infinite-llm", "Long contexts with their KV over many replicas, which lend memory to each other and attend to it for each other.", "Lin et al., arXiv 2401.02669",
            "scheduler: vllm-v0-chunked\nmemory: {use: paged, prefixCache: false}\nreplicas: 2",
            "any scheduler that admits a prompt with memory for all of it, any execution and calls, on one pipeline stage and data rank; no shared prefixes, hostSwap, draft or finetune")
        {
            Root = "lending: infinite-llm",
        },
        new("tpi-llm", "A large model over weak computers at home, its weights streamed from disk through a window.", "Li et al., arXiv 2410.00531", "experiment: tpi-llm", Alone),
        new("sn40l-coe", "Many whole models on one machine whose fast memory caches those in use.", "Prabhakar et al., MICRO 2024, arXiv 2405.07518", "experiment: sn40l-coe", Alone),
        new("blockllm", "Blocks of layers stored once for many fine-tuned models, each with a queue and a batch of its own.", "Hu et al., arXiv 2404.18322", "experiment: blockllm", Alone),
        new("sleep-time-compute", "Notes on contexts written in idle time, so that later questions are cheap.", "Lin et al., arXiv 2504.13171", "experiment: sleep-time-compute", Alone),
        new("spotserve", "Moves a model's weights and KV to another layout at each change of a spot market, within the grace period.", "Miao et al., ASPLOS 2024, arXiv 2311.15566",
            "experiment: spotserve", "an experiment of its own: capacity traces, baselines and ablation levels are its options (docs/elastic.md)"),
        new("helix", "Layers of one model placed over unlike machines and links for the largest flow; each request takes its own path.", "Mei et al., ASPLOS 2025, arXiv 2406.01566",
            "experiment: helix", Alone),
        new("polca", "More servers behind a breaker than it was built for: two thresholds of power, low priority slowed down first.", "Patel et al., arXiv 2308.12908 (ASPLOS 2024)",
            "experiment: polca", "as power: polca over any fleet, whatever its schedulers; the experiment is the published row"),
    ];
}
