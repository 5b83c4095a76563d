using System.Runtime.CompilerServices;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Cost;

/// <summary>
/// A prepared roofline step. Only decode attention depends on k; every call computes it from integers, so that step k of a stable run
/// equals, bit for bit, step 0 of the shape prepared with contexts grown by k.
/// </summary>
internal sealed class RooflineStepCost : StepCost
{
    private readonly RooflineCost _cost;
    private readonly double _tableEntry;
    private readonly double _gap;
    private readonly bool _plansAhead;
    private readonly double[] _stageFixed;
    private readonly double[] _stageEdge;
    private readonly DecodeWindow? _window;
    private readonly DecodeTimes _decode;
    private readonly bool _separateKernels;
    private readonly int _fullLayers;
    private readonly int _windowedLayers;

    private double _fixed;
    private double _compute;
    private double _memory;
    private double _network;
    private double _launch;
    private double _cpu;
    private long _context;
    private long _repeated;
    private long _pairs;
    private long _sequences;
    private long _queries;
    private int _longest;
    private long _tableRows;
    private int _longestChunk;
    // Two words, not an Int128: precompiled code cannot lay out a class that has one.
    private WideSum _flops;
    private long _bytes;

    /// <param name="cost">What is prepared.</param>
    /// <param name="separateKernels">Decodes never share a kernel with chunks, whatever the engine's attention does.</param>
    public RooflineStepCost(RooflineCost cost, bool separateKernels = false)
    {
        _cost = cost;
        _tableEntry = cost.TableEntry;
        _gap = cost.Deployment.Engine.StepGapSeconds * Duration.NanosecondsPerSecond;
        _plansAhead = cost.Deployment.Engine.PlansAhead;
        _stageFixed = new double[cost.Stages.Length];
        _stageEdge = new double[cost.Stages.Length];
        _fullLayers = cost.Work.Full;
        _windowedLayers = cost.Work.Windowed;
        _window = _windowedLayers > 0 ? new DecodeWindow(cost.Work.Window) : null;
        _decode = cost.Prices.CreateDecode();
        _separateKernels = separateKernels;
    }

    /// <summary>CPU work of the step, in nanoseconds.</summary>
    internal double Cpu(int k) => _cpu + TableCpu(k);

    /// <summary>From the start of a step to the start of the next, in nanoseconds, when the device works so long.</summary>
    internal double WithCpu(double device, int k)
    {
        double cpu = Cpu(k);
        if (!_plansAhead) return device + cpu + _gap;
        return (device > cpu ? device : cpu) + _gap;
    }

    /// <summary>What a stage does outside its layers, without CPU work: embedding, vocabulary projection, hand-over. In nanoseconds.</summary>
    internal double Edge(int stage) => _stageEdge[stage];

    /// <summary>The network part of all edges, in nanoseconds.</summary>
    internal double EdgeNetwork { get; private set; }

    /// <summary>Attention of all chunks in a layer that sees everything.</summary>
    internal OperatorTime FullPrefill { get; private set; }

    /// <summary>Attention of all chunks in a layer with a window.</summary>
    internal OperatorTime WindowedPrefill { get; private set; }

    public override void Prepare(StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        RooflineCost cost = _cost;
        _sequences = shape.DecodeSequences;
        _queries = shape.DecodeTokens;
        _context = shape.DecodeContextTokens;
        _repeated = shape.RepeatedContextTokens;
        _pairs = shape.DecodePairs;
        _longest = shape.LongestDecodeContext;
        _window?.Prepare(shape);

        int data = cost.Deployment.Parallel.Data;
        long tokens = shape.Tokens;
        long localRows = cost.PaddedRows(RooflineCost.Share(tokens, data));
        long localSamples = cost.PaddedRows(RooflineCost.Share(shape.SampledTokens, data));
        OperatorTime attention = cost.AttentionLinear.At(localRows);
        OperatorTime dense = cost.DenseFfn.At(localRows);
        OperatorTime expert = default;
        double routedBytes = 0;
        if (cost.ExpertsPerRank > 0)
        {
            expert = cost.ExpertFfn.At(localRows) + cost.Routed(tokens, localRows, out routedBytes);
        }
        OperatorTime head = localSamples > 0 ? cost.Head.At(localSamples) : default;
        double gather = localSamples > 0 ? cost.LogitGather.At(localSamples) : 0;
        double reduce = cost.AllReduce.At(localRows);
        double exchange = 2 * cost.ExpertExchange.At(localRows);
        double denseNetwork = cost.DenseReduces * reduce;
        double expertNetwork = (cost.ExpertReduces * reduce) + exchange;
        double handOver = cost.HandOver.At(localRows);
        // Each data rank has a process of its own for its sequences.
        _cpu = cost.Cpu(RooflineCost.Share(shape.DecodeSequences + shape.Chunks.Length, data), RooflineCost.Share(shape.PrefillTokens, data));
        PrepareTables(shape);
        PrepareChunks(shape);
        double decodeLaunch = _sequences > 0 ? cost.Prices.Kernel : 0;

        EdgeNetwork = gather + ((_stageFixed.Length - 1) * handOver);
        _fixed = _compute = _memory = _network = _launch = 0;
        for (int s = 0; s < _stageFixed.Length; s++)
        {
            StageLayers stage = cost.Stages[s];
            OperatorTime time = (stage.Layers * attention) + (stage.Dense * dense) + (stage.Experts * expert)
                + (stage.Full * FullPrefill) + (stage.Windowed * WindowedPrefill);
            double network = (stage.Dense * denseNetwork) + (stage.Experts * expertNetwork);
            double launch = time.Launch + (stage.Layers * decodeLaunch);
            _stageEdge[s] = stage.IsLast ? head.Elapsed + gather : handOver;
            if (stage.IsFirst)
            {
                OperatorTime embedding = cost.Embedding.At(localRows);
                _stageEdge[s] += embedding.Elapsed;
                time += embedding;
                launch += cost.Embedding.Launch;
            }
            if (stage.IsLast)
            {
                time += head;
                launch += head.Launch;
                network += gather;
            }
            else
            {
                network += handOver;
            }
            _stageFixed[s] = time.Busy + launch + network;
            _fixed += _stageFixed[s];
            _compute += time.Compute;
            _memory += time.Memory;
            _network += network;
            _launch += launch;
        }
        PrepareWork(shape, routedBytes);
    }

    public override Duration At(int k) => Round(Nanoseconds(k));

    /// <summary>Step time before rounding, CPU work included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal double Nanoseconds(int k)
    {
        double nanoseconds = _fixed + (_fullLayers * FullDecode(k));
        if (_window is not null) nanoseconds += _windowedLayers * WindowedDecode(k);
        return WithCpu(nanoseconds, k);
    }

    public override Duration StageAt(int k)
    {
        return _stageFixed.Length == 1 ? At(k) : Round(SlowestStage(k));
    }

    /// <summary>Time of the slowest stage before rounding.</summary>
    private double SlowestStage(int k)
    {
        double full = FullDecode(k);
        double windowed = _window is null ? 0 : WindowedDecode(k);
        double slowest = 0;
        for (int s = 0; s < _stageFixed.Length; s++)
        {
            StageLayers stage = _cost.Stages[s];
            double nanoseconds = _stageFixed[s] + (stage.Full * full) + (stage.Windowed * windowed);
            slowest = Math.Max(slowest, stage.IsFirst ? WithCpu(nanoseconds, k) : nanoseconds);
        }
        return slowest;
    }

    public override Int128 FlopsAt(int k)
    {
        StepWork work = _cost.Work;
        Int128 flops = _flops.Value + ((Int128)(_fullLayers * work.DecodeFlopsPerPair) * (_pairs + (_queries * k)));
        if (_window is not null) flops += (Int128)(_windowedLayers * work.DecodeFlopsPerPair) * WindowedPairs(k);
        return flops;
    }

    public override long MemoryBytesAt(int k)
    {
        long kv = _cost.Work.KvBytesPerToken;
        long bytes = _bytes + (_fullLayers * kv * (_context - _repeated + (_sequences * k)));
        if (_window is not null) bytes += _windowedLayers * kv * _window.ContextAt(k);
        return bytes;
    }

    public override (Int128 Flops, Int128 MemoryBytes) Totals(int steps)
    {
        _decode.Ran(_longest + steps - 1L);
        if (_window is not null) return base.Totals(steps);
        // Without windows both are linear in k: the sum of 0 … steps − 1 is exact in integers.
        long pairsOfSteps = (long)steps * (steps - 1) / 2;
        StepWork work = _cost.Work;
        Int128 flops = (steps * FlopsAt(0)) + ((Int128)(_fullLayers * work.DecodeFlopsPerPair * _queries) * pairsOfSteps);
        Int128 bytes = ((Int128)steps * MemoryBytesAt(0)) + ((Int128)(_fullLayers * work.KvBytesPerToken * _sequences) * pairsOfSteps);
        return (flops, bytes);
    }

    public override StepTerms TermsAt(int k)
    {
        OperatorTime decode = _sequences > 0 ? _fullLayers * _decode.TimeAt(Sums(k)) : default;
        if (_sequences > 0 && _window is not null) decode += _windowedLayers * _decode.TimeAt(WindowedSums(k));
        double compute = _compute + decode.Compute;
        double memory = _memory + decode.Memory;
        const double s = 1e-9;
        return new(compute * s, memory * s, 0, 0, _network * s, (_launch + Cpu(k)) * s, At(k).Seconds);
    }

    /// <summary>Decode attention of one layer that sees everything, without its launch.</summary>
    internal double FullDecode(int k) => _sequences == 0 ? 0 : _decode.At(Sums(k));

    /// <summary>Decode attention of one layer with a window, without its launch.</summary>
    internal double WindowedDecode(int k) => _sequences == 0 ? 0 : _decode.At(WindowedSums(k));

    private DecodeSums Sums(int k) => new(_context + (_sequences * k), _repeated, (long)_longest + k, _pairs + (_queries * k));

    /// <summary>Layers with a window read the end of the contexts, not their common beginning: nothing is shared there.</summary>
    private DecodeSums WindowedSums(int k)
    {
        long context = _window!.ContextAt(k);
        return new(context, 0, Math.Min((long)_longest + k, _window.Tokens), AttentionSpan.SpreadOverQueries(context, _queries, _sequences));
    }

    /// <summary>One rectangle: a row per sequence, as wide as the longest needs.</summary>
    private double TableCpu(int k)
    {
        if (_tableEntry == 0) return 0;
        int block = _cost.Deployment.Attention.BlockTokens;
        long longest = Math.Max(_sequences == 0 ? 0 : (long)_longest + k, _longestChunk);
        return _tableEntry * (_tableRows * ((longest + block - 1) / block));
    }

    private void PrepareTables(StepShape shape)
    {
        _tableRows = shape.DecodeSequences + shape.Chunks.Length;
        _longestChunk = 0;
        foreach (PrefillChunk chunk in shape.Chunks) _longestChunk = Math.Max(_longestChunk, chunk.HistoryTokens + chunk.Tokens);
    }

    private long WindowedPairs(int k) => AttentionSpan.SpreadOverQueries(_window!.ContextAt(k), _queries, _sequences);

    private void PrepareChunks(StepShape shape)
    {
        ReadOnlySpan<PrefillChunk> chunks = shape.Chunks;
        FullPrefill = WindowedPrefill = default;
        ChunkSums full = default;
        if (chunks.Length > 0)
        {
            PrefillWork work = default;
            PrefillWork windowedWork = default;
            long pairs = 0;
            long kvTokens = 0;
            long history = 0;
            long windowedPairs = 0;
            long windowedKv = 0;
            int window = _cost.Work.Window;
            foreach (PrefillChunk chunk in chunks)
            {
                pairs += AttentionSpan.Pairs(chunk);
                kvTokens += (long)chunk.HistoryTokens + chunk.Tokens;
                history += chunk.HistoryTokens;
                work.Add(chunk.Tokens, chunk.HistoryTokens);
                if (_window is null) continue;
                windowedPairs += AttentionSpan.Pairs(chunk, window);
                windowedKv += AttentionSpan.KvTokens(chunk, window);
                windowedWork.AddWindowed(chunk.Tokens, chunk.HistoryTokens, window);
            }
            full = new(work, pairs, kvTokens, history);
            FullPrefill = _cost.Prices.Prefill(full);
            if (_window is not null) WindowedPrefill = _cost.Prices.Prefill(new(windowedWork, windowedPairs, windowedKv, history));
        }
        _decode.Prepare(_sequences, _queries, _separateKernels ? default : full);
    }

    private void PrepareWork(StepShape shape, double routedBytes)
    {
        StepWork work = _cost.Work;
        Int128 flops = ((Int128)work.FlopsPerToken * shape.Tokens) + ((Int128)work.FlopsPerSample * shape.SampledTokens);
        long bytes = work.LinearBytes(shape.Tokens, shape.SampledTokens, routedBytes);
        foreach (PrefillChunk chunk in shape.Chunks)
        {
            flops += (Int128)(work.Full * work.PrefillFlopsPerPair) * AttentionSpan.Pairs(chunk);
            flops += (Int128)work.HistoryFlopsPerToken * chunk.HistoryTokens;
            bytes += work.Full * work.KvBytesPerToken * ((long)chunk.HistoryTokens + chunk.Tokens);
            if (_window is null) continue;
            flops += (Int128)(work.Windowed * work.PrefillFlopsPerPair) * AttentionSpan.Pairs(chunk, work.Window);
            bytes += work.Windowed * work.KvBytesPerToken * AttentionSpan.KvTokens(chunk, work.Window);
        }
        _flops = default;
        _flops.Add(flops);
        _bytes = bytes;
    }

    /// <summary>Half up: times are never negative, and this is cheaper than the general rounding.</summary>
    internal static Duration Round(double nanoseconds) => Duration.FromNanoseconds((long)(nanoseconds + 0.5));
}
