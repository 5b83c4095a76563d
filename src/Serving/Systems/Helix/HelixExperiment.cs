using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

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
        if (options.Length <= Duration.Zero) throw new InputException("experiment helix: duration must be above zero; give a time such as 600s");
        if (options.Solver == HelixSolver.Cbc && options.SolverTime > CbcSolver.MostTime)
            throw new InputException($"experiment helix: solverTime is at most {CbcSolver.MostTime}, not {options.SolverTime}; give a time such as 10h");
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
        HelixPlan plan = new HelixPlanner(_options, _model, _cluster, _random, _notes).Plan(_cancel);
        if (plan.Parts.Any(part => part.TokensPerSecond <= 0))
            throw new InputException($"placement: the machines of '{_options.Cluster}' do not hold all {_model.Layers} layers in a row; add machines");
        HelixService service = new(_options, _model, _cluster, plan, _random);
        service.Run(_cancel);
        if (service.DecodeTokens + service.PromptTokens == 0)
            _notes.Add($"no token came in the measured {_options.Length}; give a longer duration, more machines or a shorter warmUp");
        return new ExperimentResult(Figures(service, plan.TokensPerSecond)) { Tables = [Table(service, plan)], Notes = _notes };
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

    private ExperimentTable Table(HelixService service, HelixPlan plan)
    {
        HelixPlacement placement = plan.Placement;
        double[] planned = new double[_cluster.Nodes.Count];
        foreach ((_, int to, double tokensPerSecond) in plan.Parts.SelectMany(part => part.Flows))
        {
            if (to >= 0) planned[to] += tokensPerSecond;
        }
        static string Text(double value) => ExperimentTable.Cell(value, 3);
        List<IReadOnlyList<string>> rows = [];
        foreach (int node in Enumerable.Range(0, _cluster.Nodes.Count).OrderBy(node => placement.Start[node]).ThenBy(placement.End).ThenBy(node => node))
        {
            int layers = placement.Layers[node];
            string range = layers == 0 ? "none" : $"{placement.Start[node]}–{placement.End(node) - 1}";
            rows.Add(
            [
                _cluster.Nodes[node].Name, Text(_cluster.Nodes[node].Region), range, Text(layers), layers == 0 ? "0" : Text(_flow.Capacity(node, layers)),
                Text(planned[node]), Text(service.BusyOf(node)),
            ]);
        }
        return new ExperimentTable("Placement", ["machine", "region", "layers", "count", "capacity tokens/s", "flow tokens/s", "busy share"], rows);
    }
}
