using Orrery.Cli.Shell;

namespace Orrery.Cli.Catalogues;

/// <summary>The verbs under <c>catalog</c>.</summary>
internal static class CatalogVerbs
{
    public static VerbGroup Group()
    {
        var group = new VerbGroup(
            "catalog", "What is built in, with options, units, defaults and sources.", "catalog devices", "catalog schedulers vllm-v1", "catalog models --json -");
        Add(group, "devices", "Accelerators: memory, bandwidth, peaks, power, price.", WorldKinds.Devices, "h100-sxm");
        Add(group, "models", "Language models: parameters, shapes, KV bytes per token.", WorldKinds.Models, "llama-3-70b");
        Add(group, "systems", "Published systems: of which parts each is made, and what goes with it.", SystemKind.Systems, "vllm-v1");
        Add(group, "experiments", "Experiments: models that a scenario runs in place of a fleet under traffic.", ExperimentKind.Kind, "sleep-time-compute");
        Add(group, "schedulers", "Schedulers: who decides what goes into the next step.", PluginKinds.Schedulers, "vllm-v1");
        Add(group, "routers", "Routers: which replica gets a request.", PluginKinds.Routers, "round-robin");
        Add(group, "rebalancers", "Rebalancers: which running requests move to another replica.", PluginKinds.Rebalancers, "llumnix");
        Add(group, "autoscalers", "Autoscalers: how many replicas serve.", PluginKinds.Autoscalers, "keep-alive");
        Add(group, "lending", "Who lends KV memory to whom.", PluginKinds.Lenders, "infinite-llm");
        Add(group, "fleet-parts", "Keys of a fleet that take options alone: hand-over, links, late views, start-up.", PluginKinds.FleetParts, "links");
        Add(group, "predictors", "Predictors of output lengths and of tool calls.", PluginKinds.Predictors, "oracle");
        Add(group, "memory", "KV memories of a replica.", PluginKinds.Memories, "paged");
        Add(group, "executions", "Execution styles: how the operations of a step are laid out on the device.", PluginKinds.Executions, "sequential");
        Add(group, "calls", "What becomes of the KV of a request that waits for a tool.", PluginKinds.CallHandlers, "preserve");
        Add(group, "finetunings", "Ways of finetuning beside inference.", PluginKinds.Finetunings, "co-serve");
        Add(group, "power", "Power managers: what keeps servers behind one breaker under its limit.", PluginKinds.PowerManagers, "polca");
        Add(group, "drafts", "Draft controls: how many tokens speculative decoding proposes.", PluginKinds.DraftControls, "smartspec");
        Add(group, "traffic", "Traffic generators: processes, models, and fits of public traces.", TrafficKinds.Generators, "poisson");
        Add(group, "profiles", "What devices reach, fitted to measurements, with the error of each.", ProfileKinds.Profiles, "h100-sxm");
        Add(group, "step-times", "Published step times that take the place of a device's profile.", ProfileKinds.StepTimes, "distserve");
        Add(group, "engines", "What engine versions add: CPU time around steps, memory.", ProfileKinds.Engines, "vllm-0.19");
        Add(group, "grids", "Carbon intensity of electricity grids.", WorldKinds.Grids, "us-caiso");
        return group;
    }

    private static void Add<T>(VerbGroup group, string name, string summary, CatalogKind<T> kind, string example) =>
        group.Add(new CatalogVerb<T>(name, summary, kind, $"catalog {name}", $"catalog {name} {example}", $"catalog {name} --json -"));
}
