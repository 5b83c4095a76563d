using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Planning.Published;

/// <summary>Who is placed, and how places are searched.</summary>
public enum PlacementSearchKind
{
    /// <summary>DistServe, segments of both phases in one node: what its artefact runs.</summary>
    Low,

    /// <summary>DistServe, each phase searched alone, a fast network everywhere.</summary>
    High,

    /// <summary>vLLM with the fewest devices that hold the model, both phases together.</summary>
    Colocated,

    /// <summary>The same with its cut searched: vLLM++.</summary>
    ColocatedSearched,
}

/// <summary>
/// DistServe's planner (Zhong et al., OSDI 2024): tensor and pipeline degrees of each phase with the highest rate per device at which a share
/// of requests keep both targets, found by simulating each candidate with its published step times.
/// </summary>
public sealed record DistServePlacementOptions : ExperimentSpec
{
    private const string Code = "artefact (b)";

    /// <summary>With less, KV of a long prompt would take days.</summary>
    private const double LeastBandwidth = 1e6;

    public static readonly OptionSet<DistServePlacementOptions> Set = new OptionSet<DistServePlacementOptions>()
        .Choice("search", o => o.Search, (o, v) => o with { Search = v }, "low or high (DistServe's two algorithms), colocated or colocated-searched (vLLM)", "Zhong et al. (b)")
        .Choice("model", ["opt-13b", "opt-66b"], o => o.Model, (o, v) => o with { Model = v }, "what is served; step times of others were not published", Code)
        .Choice("workload", [.. ProbeWorkload.Chats.Select(workload => workload.Name)], o => o.Workload, (o, v) => o with { Workload = v },
            "lengths: sharegpt, humaneval, longbench, as log-normals", "means (c), spread (b, d)")
        .Int("nodes", o => o.Nodes, (o, v) => o with { Nodes = v }, "machines", Code, max: 16)
        .Int("devicesPerNode", o => o.DevicesPerNode, (o, v) => o with { DevicesPerNode = v }, "devices of a machine", Code, max: 16)
        .Duration("ttft", o => o.Ttft, (o, v) => o with { Ttft = v }, "target of the first token", Code)
        .Duration("tpot", o => o.Tpot, (o, v) => o with { Tpot = v }, "target of further tokens", Code)
        .Number("attainment", o => o.Attainment, (o, v) => o with { Attainment = v }, "share of requests that must keep it", Code, min: 0.01, max: 1)
        .Int("requests", o => o.Requests, (o, v) => o with { Requests = v }, "requests of a probe", Code, max: 100_000)
        .Number("mostRate", o => o.MostRate, (o, v) => o with { MostRate = v }, "upper end of the rates per device that are searched, requests/s", Code, min: 0.01, max: 1000)
        .Number("width", o => o.Width, (o, v) => o with { Width = v }, "a search ends when its interval is narrower, requests/s", Code, min: 0.001, max: 100)
        .Number("finalWidth", o => o.FinalWidth, (o, v) => o with { FinalWidth = v }, "the same for the figure of the best placement", "our choice (d)", min: 0.001, max: 100)
        .Number("rate", o => o.Rate, (o, v) => o with { Rate = v }, "requests/s per device at which the least scale of both targets is measured; 0: nine tenths of the goodput", "our choice (d)", max: 1000)
        .Number("offeredRate", o => o.OfferedRate, (o, v) => o with { OfferedRate = v },
            "requests/s in all that instances are counted for, ceil(rate / goodput) of each; 0: the placement fills the devices and is not multiplied", "Zhong et al. (c)", max: 1e6)
        .Quantity("link", Documents.Quantity.BytesPerSecond, o => o.Link, (o, v) => o with { Link = v },
            "bandwidth of each instance's ports, for KV", "NVLink of A100 (c); the artefact charges nothing for it (b)", min: LeastBandwidth)
        .Number("waitingShare", o => o.WaitingShare, (o, v) => o with { WaitingShare = v },
            "share of the decode side's blocks beyond which nothing more is fetched while it waits there", "engine's waiting_block_prop_threshold (b), 0.05 (c)", max: 1);

    private static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("plannedRatePerDevice", "1/s", "Requests/s per device of the best placement as the search found it: each target at its own quantile, on the search's grid."),
        new("goodputPerDevice", "1/s", "Requests/s per device at which the share of requests keep both targets together."),
        new("devices", "", "Devices of the placement."),
        new("prefillTensor", "", "Tensor degree of prefill instances."),
        new("prefillPipeline", "", "Pipeline stages of prefill instances."),
        new("decodeTensor", "", "Tensor degree of decode instances; missing where phases are together."),
        new("decodePipeline", "", "Pipeline stages of decode instances; missing where phases are together."),
        new("prefillInstances", "", "Prefill instances of the placement, or instances where phases are together."),
        new("decodeInstances", "", "Decode instances of the placement; missing where phases are together."),
        new("offeredPrefillInstances", "", "The same for the offered rate; missing without one."),
        new("offeredDecodeInstances", "", "The same for the offered rate; missing without one."),
        new("offeredDevices", "", "Devices of both for the offered rate; missing without one."),
        new("ttftUse", "", "Quantile of the time to first token over its target, a tenth above the goodput."),
        new("tpotUse", "", "Quantile of the time per further token over its target, a tenth above the goodput."),
        new("leastScale", "", "Factor on both targets at which the share of requests would keep them at the given rate per device."),
        new("transferShare", "", "Share of requests' time in which their KV was under way, at the goodput."),
        new("handOverShare", "", "Share of requests' time between first token and KV at the decode side, waiting for room included, at the goodput."),
        new("candidates", "", "Placements or cuts that were simulated."),
        new("probes", "", "Simulations."),
    ];

    public PlacementSearchKind Search { get; init; }

    public string Model { get; init; } = "opt-13b";

    public string Workload { get; init; } = "sharegpt";

    public int Nodes { get; init; } = 1;

    public int DevicesPerNode { get; init; } = 4;

    public Duration Ttft { get; init; } = Duration.FromMilliseconds(200);

    public Duration Tpot { get; init; } = Duration.FromMilliseconds(100);

    public double Attainment { get; init; } = 0.9;

    public int Requests { get; init; } = 300;

    public double MostRate { get; init; } = 5;

    public double Width { get; init; } = 0.25;

    public double FinalWidth { get; init; } = 0.02;

    public double Rate { get; init; }

    public double OfferedRate { get; init; }

    public double Link { get; init; } = 300e9;

    public double WaitingShare { get; init; } = 0.05;

    public override IReadOnlyList<ExperimentFigure> Figures => AllFigures;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel)
    {
        if (Ttft <= Duration.Zero || Tpot <= Duration.Zero) throw new InputException("ttft and tpot must be longer than nothing; write for example ttft: 200ms");
        if (MostRate < Width || MostRate < FinalWidth)
            throw new InputException($"mostRate: {MostRate} is below {(MostRate < Width ? $"width, {Width}" : $"finalWidth, {FinalWidth}")}, so no rate would be tried; raise mostRate or lower the width");
        return new DistServePlacement(this, random, cancel).Run();
    }
}
