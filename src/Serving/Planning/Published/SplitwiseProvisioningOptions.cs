using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Planning.Published;

/// <summary>What is asked of a cluster.</summary>
public enum ProvisioningTask
{
    /// <summary>The highest rate at which given machines keep all nine objectives.</summary>
    Capacity,

    /// <summary>The machines that keep them at a given rate for least.</summary>
    Provision,
}

/// <summary>What is least.</summary>
public enum ProvisioningGoal
{
    /// <summary>Dollars per hour.</summary>
    Cost,

    /// <summary>Units of power.</summary>
    Power,

    /// <summary>Machines.</summary>
    Count,
}

/// <summary>
/// Splitwise's provisioning (Patel et al., ISCA 2024): clusters of prompt and token machines under a Poisson trace, held to nine objectives
/// on slowdown; their highest rate, or the cheapest pools for a rate.
/// </summary>
public sealed record SplitwiseProvisioningOptions : ExperimentSpec
{
    private const string Code = "simulator (b)";

    /// <summary>With less, KV of a long prompt would take days.</summary>
    private const double LeastBandwidth = 1e6;

    /// <summary>Requests of a run that are kept in memory; the paper's longest run has 150,000.</summary>
    private const double MostRequests = 1e6;

    public static readonly OptionSet<SplitwiseProvisioningOptions> Set = new OptionSet<SplitwiseProvisioningOptions>()
        .Choice("task", o => o.Task, (o, v) => o with { Task = v }, "capacity or provision", Code)
        .Choice("design", o => o.Design, (o, v) => o with { Design = v }, "baseline-a100, baseline-h100, splitwise-aa, splitwise-hh, splitwise-ha, splitwise-hhcap", Code)
        .Int("promptMachines", o => o.PromptMachines, (o, v) => o with { PromptMachines = v }, "machines of the prompt pool; provision: the most that are looked at. A baseline has the sum of both", Code, max: 1000)
        .Int("tokenMachines", o => o.TokenMachines, (o, v) => o with { TokenMachines = v }, "the same of the token pool", Code, min: 0, max: 1000)
        .Choice("model", ["bloom-176b", "llama-2-70b"], o => o.Model, (o, v) => o with { Model = v }, "what is served; step times of others were not published", Code)
        .Bool("fullKv", o => o.FullKv, (o, v) => o with { FullKv = v }, "Llama's KV is counted with a head for each query head, 8 times its real size", Code)
        .Choice("workload", [.. ProbeWorkload.Services.Select(workload => workload.Name)], o => o.Workload, (o, v) => o with { Workload = v }, "lengths: conversation or code", "Azure 2023 (b)")
        .Choice("stepTimes", ["splitwise", "splitwise-context"], o => o.StepTimes, (o, v) => o with { StepTimes = v }, "decodes by their number, or by number and context", "splitwise: (b); splitwise-context: (d)")
        .Duration("duration", o => o.Length, (o, v) => o with { Length = v }, "of the arrivals in each run", "simulator: 120s for provisioning, 600s for sweeps (b)")
        .Number("rate", o => o.Rate, (o, v) => o with { Rate = v }, "requests/s: of provision, and where latencies are measured; 0: at the capacity", "simulator: 70 (b)", max: 100_000)
        .Number("rateStep", o => o.RateStep, (o, v) => o with { RateStep = v }, "capacities are multiples of it, requests/s", Code, min: 0.1, max: 1000)
        .Number("mostRate", o => o.MostRate, (o, v) => o with { MostRate = v }, "highest rate looked at, requests/s", "simulator: 250 (b)", min: 1, max: 100_000)
        .Choice("goal", o => o.Goal, (o, v) => o with { Goal = v }, "cost, power or count is least", Code)
        .Quantity("link", Documents.Quantity.BytesPerSecond, o => o.Link, (o, v) => o with { Link = v }, "ports of a machine, for KV", "simulator: 200 GB/s (b)", min: LeastBandwidth);

    private static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("maxRate", "1/s", "Highest rate at which all nine objectives hold; capacity only."),
        new("machines", "", "Machines of the cluster, or of the cheapest."),
        new("promptMachines", "", "Those of the prompt pool, or all of a baseline."),
        new("tokenMachines", "", "Those of the token pool."),
        new("dollarsPerHour", "USD/h", "Price of the cluster."),
        new("powerUnits", "", "Units of power of the cluster, 24.8 for a DGX-A100."),
        new("deviceWatts", "W", "Mean power of all devices over the run, by constant powers of each phase."),
        new("worstUse", "", "The largest slowdown over its limit at the rate."),
        new("meanEndToEndSeconds", "s", "Mean time of a request at the rate."),
        new("meanTpotSeconds", "s", "Mean time per further token at the rate."),
        new("transferShare", "", "Share of requests' time in which their KV was under way and nothing hid it."),
        new("mixedShare", "", "Share of machines in the mixed pool that belong elsewhere, at departures."),
        new("runs", "", "Simulations."),
    ];

    public ProvisioningTask Task { get; init; }

    public ClusterDesign Design { get; init; } = ClusterDesign.SplitwiseHh;

    public int PromptMachines { get; init; } = 25;

    public int TokenMachines { get; init; } = 15;

    public string Model { get; init; } = "bloom-176b";

    public bool FullKv { get; init; } = true;

    public string Workload { get; init; } = "conversation";

    public string StepTimes { get; init; } = "splitwise";

    public Duration Length { get; init; } = Duration.FromSeconds(120);

    public double Rate { get; init; }

    public double RateStep { get; init; } = 10;

    public double MostRate { get; init; } = 250;

    public ProvisioningGoal Goal { get; init; }

    public double Link { get; init; } = 200e9;

    public override IReadOnlyList<ExperimentFigure> Figures => AllFigures;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel)
    {
        if (Length <= Duration.Zero) throw new InputException("duration: the arrivals must last a while; write for example duration: 120s");
        if (Task == ProvisioningTask.Provision && Rate == 0) throw new InputException("rate: provisioning needs the rate to provision for; write for example rate: 70");
        if (TokenMachines == 0 && Design is not (ClusterDesign.BaselineA100 or ClusterDesign.BaselineH100))
            throw new InputException("tokenMachines: a split design needs at least one; write tokenMachines: 15, or a baseline design");
        bool isCapacity = Task == ProvisioningTask.Capacity;
        if (isCapacity && RateStep > MostRate) throw new InputException($"mostRate: {MostRate} is below rateStep, {RateStep}, so no rate would be tried; raise mostRate or lower rateStep");
        double most = isCapacity ? Math.Max(MostRate, Rate) : Rate;
        if (most * Length.Seconds > MostRequests)
        {
            string key = isCapacity && MostRate >= Rate ? "mostRate" : "rate";
            throw new InputException($"duration: {key} {most}/s for {Length.Seconds} s makes {most * Length.Seconds:0} requests a run, more than {MostRequests:0}; shorten duration or lower {key}");
        }
        return new SplitwiseProvisioning(this, random, cancel).Run();
    }
}
