using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;
using Orrery.Kernel.Statistics;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Places a model on a cluster, serves requests over it and measures.</summary>
internal sealed class HelixExperiment
{
    public static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("decodeTokensPerSecond", "tokens/s", "Tokens after the first, in the measured time"),
        new("tokensPerSecond", "tokens/s", "Prompt tokens of first tokens, and tokens after the first, in the measured time"),
        new("promptSeconds", "s", "Mean time from arrival to the first token"),
        new("promptMedianSeconds", "s", "Median time from arrival to the first token"),
        new("promptP95Seconds", "s", "95th percentile of the time from arrival to the first token"),
        new("decodeSeconds", "s", "Mean time from one token to the next"),
        new("decodeMedianSeconds", "s", "Median time from one token to the next"),
        new("decodeP95Seconds", "s", "95th percentile of the time from one token to the next"),
        new("flowTokensPerSecond", "tokens/s", "Maximum flow of the placement: what its planner expects"),
        new("boundTokensPerSecond", "tokens/s", "Bound of any placement: all layers that the machines could pass, over those of the model"),
        new("ofFlow", "", "Measured tokens per second over the maximum flow"),
        new("hostsPerPath", "", "Machines that a request goes through, on average"),
        new("busyShare", "", "Share of the time that a machine computes, on average over those with layers"),
        new("restarts", "", "Times that a request lost its KV and began again"),
        new("refused", "", "Requests that fit on no machine of their path"),
        new("finished", "", "Requests that were finished in the measured time"),
    ];

    private readonly HelixOptions _options;
    private readonly RandomStream _random;
    private readonly CancellationToken _cancel;
    private readonly HelixModel _model;
    private readonly HelixCluster _cluster;
    private readonly HelixThroughput _throughput;
    private readonly HelixFlow _flow;
    private readonly List<string> _notes = [];

    public HelixExperiment(HelixOptions options, RandomStream random, CancellationToken cancel)
    {
        _options = options;
        _random = random;
        _cancel = cancel;
        _model = HelixModel.Find(options.Model);
        _cluster = HelixCluster.Parse(options.Cluster, [.. _model.Profiles.Keys], random.Split("links"));
        _throughput = new HelixThroughput(_model, _cluster.Counts);
        _flow = new HelixFlow(_cluster, _model, _throughput);
    }

    public ExperimentResult Run()
    {
        (HelixPlacement placement, IReadOnlyList<IReadOnlyList<int>> pipelines) = Place();
        double flow = pipelines.Count > 0 ? pipelines.Sum(pipeline => pipeline.Min(node => _flow.Capacity(node, placement.Layers[node]))) : _flow.Solve(placement, _options.IsPartial);
        if (flow <= 0) throw new InputException($"placement: the machines of '{_options.Cluster}' do not hold all {_model.Layers} layers in a row; add machines");
        HelixService service = new(_options, _model, _cluster, _flow, placement, pipelines, _random);
        service.Run(_cancel);
        return new ExperimentResult(Figures(service, flow)) { Tables = [Table(service, placement)], Notes = _notes };
    }

    /// <summary>The placement alone, with the machines of each pipeline where they are separate.</summary>
    internal (HelixPlacement Placement, IReadOnlyList<IReadOnlyList<int>> Pipelines) Place()
    {
        switch (_options.Placement)
        {
            case HelixPlacer.Swarm: return (HelixBaselines.Swarm(_cluster, _model, _throughput), []);
            case HelixPlacer.Petals: return (HelixBaselines.Petals(_cluster, _model, _throughput, _random.Split("petals")), []);
            case HelixPlacer.Separate: return HelixBaselines.Separate(_cluster, _model, plus: false);
            case HelixPlacer.SeparatePlus: return HelixBaselines.Separate(_cluster, _model, plus: true);
        }
        HelixSearch search = new(_cluster, _model, _flow, _options.PartialInference);
        (HelixPlacement placement, double flow) = search.Run(Starts(), _options.Steps, _random.Split("placement"), _cancel);
        if (_options.Solver == HelixSolver.Cbc)
        {
            HelixProgramme programme = new(_cluster, _model, _flow, _options.PartialInference, _options.FastestLinks);
            SolverLimits limits = new(_options.SolverTime, _options.SolverGap);
            (HelixPlacement found, IntegerSolution solution) = programme.Solve(new CbcSolver(), limits, placement, _flow, _options.PartialInference, _cancel);
            double exact = _flow.Solve(found, _options.PartialInference);
            _notes.Add(string.Create(CultureInfo.InvariantCulture, $"cbc ended {solution.Status} with {exact:0.#} tokens/s; the heuristic had {flow:0.#}"));
            if (exact > flow) placement = found;
        }
        return (placement, []);
    }

    // Every known placement that exists on this cluster is a start.
    private List<HelixPlacement> Starts()
    {
        List<HelixPlacement> starts = [HelixBaselines.Petals(_cluster, _model, _throughput, _random.Split("petals"))];
        try
        {
            starts.Add(HelixBaselines.Swarm(_cluster, _model, _throughput));
        }
        catch (InputException)
        {
            // Too few machines for equal stages: one start less.
            _notes.Add("the search began without Swarm's placement, which this cluster has too few machines for");
        }
        HelixPlacement separate = new(_cluster.Nodes.Count);
        bool all = true;
        foreach (IGrouping<string, int> kind in Enumerable.Range(0, _cluster.Nodes.Count).GroupBy(node => _cluster.Nodes[node].Kind))
        {
            int[] nodes = [.. kind];
            all &= HelixBaselines.SpreadEvenly(nodes, _cluster, _model, separate);
        }
        if (all) starts.Add(separate);
        return starts;
    }

    private Dictionary<string, double> Figures(HelixService service, double flow)
    {
        Dictionary<string, double> values = new()
        {
            ["decodeTokensPerSecond"] = service.DecodeTokens / _options.Length.Seconds,
            ["tokensPerSecond"] = (service.DecodeTokens + service.PromptTokens) / _options.Length.Seconds,
            ["flowTokensPerSecond"] = flow,
            ["boundTokensPerSecond"] = _flow.ComputeBound(),
            ["ofFlow"] = (service.DecodeTokens + service.PromptTokens) / _options.Length.Seconds / flow,
            ["busyShare"] = service.BusyShare,
            ["restarts"] = service.Restarts,
            ["refused"] = service.RefusedRequests,
            ["finished"] = service.FinishedRequests,
        };
        if (service.Paths > 0) values["hostsPerPath"] = (double)service.PathHosts / service.Paths;
        Add("prompt", service.PromptTimes);
        Add("decode", service.DecodeTimes);
        return values;

        void Add(string what, QuantileSketch times)
        {
            if (times.IsEmpty) return;
            values[what + "Seconds"] = times.Mean * 1e-9;
            values[what + "MedianSeconds"] = times.Quantile(0.5) * 1e-9;
            values[what + "P95Seconds"] = times.Quantile(0.95) * 1e-9;
        }
    }

    private ExperimentTable Table(HelixService service, HelixPlacement placement)
    {
        static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
        List<IReadOnlyList<string>> rows = [];
        foreach (int node in Enumerable.Range(0, _cluster.Nodes.Count).OrderBy(node => placement.Start[node]).ThenBy(placement.End).ThenBy(node => node))
        {
            int layers = placement.Layers[node];
            string range = layers == 0 ? "none" : $"{placement.Start[node]}–{placement.End(node) - 1}";
            rows.Add(
            [
                _cluster.Nodes[node].Name, Text(_cluster.Nodes[node].Region), range, Text(layers), layers == 0 ? "0" : Text(_flow.Capacity(node, layers)),
                Text(service.PlannedFlow(node)), Text(service.BusyOf(node)),
            ]);
        }
        return new ExperimentTable("Placement", ["machine", "region", "layers", "count", "capacity tokens/s", "flow tokens/s", "busy share"], rows);
    }
}
