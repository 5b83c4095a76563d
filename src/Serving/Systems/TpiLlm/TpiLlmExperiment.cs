using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>Builds the computers and the cut, runs one request and tells what it took.</summary>
internal sealed class TpiLlmExperiment
{
    private const double Giga = 1e9;

    private readonly TpiLlmOptions _options;
    private readonly ModelSpec _model;
    private readonly double[] _ratios;
    private readonly EdgeNode[] _nodes;
    private readonly Allreduce _allreduce;
    private readonly EdgeRequest _request;

    /// <exception cref="InputException">Options that do not go together.</exception>
    public TpiLlmExperiment(TpiLlmOptions options)
    {
        _options = options;
        _model = Catalog.Model(options.Model);
        _ratios = NumberList.Parse(options.Ratios, "ratios", options.Nodes, min: 0.001);
        double[] speeds = NumberList.Parse(options.Speeds, "speeds", options.Nodes, min: 0.001);
        double memory = options.Memory.Count;
        _nodes = [.. speeds.Select(speed => new EdgeNode(options.MemoryBandwidth * speed, options.Compute * speed, options.Disk * speed, memory))];
        _allreduce = new(options.Allreduce, options.Latency.Seconds, options.Bandwidth);
        _request = new(options.PromptTokens, options.AnswerTokens);
    }

    private bool IsCut => _options.System is EdgeSystem.TpiLlm or EdgeSystem.Galaxy;

    private double SwapBytesPerSecond => _options.Disk * _options.SwapShare;

    public ExperimentResult Run(CancellationToken cancel)
    {
        var model = new ShardedModel(_model, IsCut ? _ratios : [1], _options.BytesPerWeight);
        double stall = 0;
        EdgeTimes times;
        if (IsCut)
        {
            int? window = _options.System == EdgeSystem.TpiLlm ? _options.Window : null;
            var run = new TensorParallelRun(model, _nodes, _allreduce, _options.InOrder, window, SwapBytesPerSecond, _request);
            times = run.Run(cancel);
            stall = run.StallShare;
        }
        else
        {
            times = _options.System == EdgeSystem.Pipeline
                ? LayeredRun.Chain(model, _nodes, _allreduce, SwapBytesPerSecond, _request)
                : LayeredRun.Alone(model, _nodes[0], SwapBytesPerSecond, _options.System == EdgeSystem.Accelerate, _request);
            stall = times.DiskSeconds / times.TokenSeconds;
        }
        bool fits = Math.Max(times.PeakMasterBytes, times.PeakWorkerBytes) <= _options.Memory.Count && (_options.System != EdgeSystem.Transformers || times.DiskSeconds == 0);
        var values = new Dictionary<string, double>
        {
            ["tokenSeconds"] = times.TokenSeconds,
            ["ttftSeconds"] = times.TtftSeconds,
            ["peakMasterGB"] = times.PeakMasterBytes / Giga,
            ["peakWorkerGB"] = times.PeakWorkerBytes / Giga,
            ["computeSeconds"] = times.ComputeSeconds,
            ["networkSeconds"] = times.NetworkSeconds,
            ["diskSeconds"] = times.DiskSeconds,
            ["stallShare"] = stall,
            ["allreduceSeconds"] = _allreduce.Seconds(_nodes.Length, model.StreamBytes(1)),
            ["fits"] = fits ? 1 : 0,
        };
        return new(values) { Tables = Tables(model), Notes = Notes(fits) };
    }

    private IReadOnlyList<ExperimentTable> Tables(ShardedModel model)
    {
        var collectives = new ExperimentTable(
            "One allreduce, ms", ["tokens", "star", "tree", "ring"],
            [
                .. new[] { 1, _options.PromptTokens }.Distinct().Select(tokens => (IReadOnlyList<string>)
                [
                    tokens.ToString(CultureInfo.InvariantCulture),
                    .. Enum.GetValues<AllreduceKind>().Select(kind => Text((_allreduce with { Kind = kind }).Seconds(_nodes.Length, model.StreamBytes(tokens)) * 1e3)),
                ]),
            ]);
        if (!IsCut) return [collectives];
        var shares = new ExperimentTable(
            "Shares of the nodes", ["node", "heads", "key/value heads", "columns", "weights GB", "attention MB", "feed-forward MB"],
            [
                .. Enumerable.Range(0, model.Nodes).Select(node => (IReadOnlyList<string>)
                [
                    Text(node), Text(model.Heads[node]), Text(model.KvHeads[node]), Text(model.Columns[node]), Text(model.WeightBytes(node) / Giga),
                    Text(model.Attention(node).WeightBytes / 1e6), Text(model.Feed(node).WeightBytes / 1e6),
                ]),
            ]);
        return [shares, collectives];
    }

    private IReadOnlyList<string> Notes(bool fits)
    {
        if (fits || _options.System is EdgeSystem.Accelerate) return [];
        return _options.System == EdgeSystem.TpiLlm
            ? ["a node needs more than its memory: its operating system would swap, which this model of it leaves out; write a smaller window or more nodes"]
            : ["a node needs more than its memory and reads everything it computes with through swap"];
    }

    private static string Text(double value) => ExperimentTable.Cell(value, 3);
}
