using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Steps;

namespace Orrery.World.Overlap;

/// <summary>
/// A prepared step of the overlapped pipeline. Work (FLOP, contexts, what is outside the layers) comes from the roofline's step; only
/// the durations of decode attention depend on k, and the pipeline is played anew with them.
/// </summary>
internal sealed class OverlapStepCost : StepCost
{
    private readonly OverlapCost _cost;
    private readonly RooflineStepCost _work;
    private readonly LayerPipeline _pipeline = new();
    private readonly double[][] _durations;
    private readonly double[] _layerTimes;
    private NanoPlan _plan = null!;
    private long _rows;
    private bool _hasDecodes;
    private long _bytesReread;
    private double _excessMemory;
    private double _excessLaunch;

    public OverlapStepCost(OverlapCost cost)
    {
        _cost = cost;
        _work = new(cost.Roofline, separateKernels: true);
        _durations = [.. cost.Kinds.Select(_ => new double[LayerOperations.PerLayer])];
        _layerTimes = new double[cost.Kinds.Count];
    }

    private NanoSplit Split => _plan.Split;

    public override void Prepare(StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        _work.Prepare(shape);
        Deployment deployment = _cost.Roofline.Deployment;
        long tokens = Math.Max(shape.Tokens, _cost.Options.BatchTokens ?? 0);
        _rows = RooflineCost.Share(tokens, deployment.Parallel.Data);
        _hasDecodes = shape.DecodeTokens > 0;
        int quarters = (int)(((2 * OverlapCost.ShareParts * shape.DecodeTokens) + tokens) / (2 * tokens));
        _plan = _cost.Options.Layers == LayerExecution.Whole ? Unsplit : _cost.PlanForRows(_rows, quarters);
        double bytes = 0;
        _excessLaunch = 0;
        for (int i = 0; i < _durations.Length; i++)
        {
            LayerKind kind = _cost.Kinds[i];
            LayerWork work = new(kind.HasExperts, tokens, _hasDecodes ? 1 : 0, kind.IsWindowed ? _work.WindowedPrefill : _work.FullPrefill);
            _cost.Fill(_durations[i], Split, _rows, work);
            SplitExcess excess = _cost.Excess(work, Split, _rows);
            bytes += kind.Layers * excess.WeightBytes;
            _excessLaunch += kind.Layers * excess.Launch;
        }
        _excessMemory = bytes * _cost.Roofline.Prices.NanosecondsPerByte;
        _bytesReread = (long)Math.Round(bytes * deployment.Parallel.StageDevices);
    }

    public override Duration At(int k)
    {
        FindLayerTimes(k);
        double nanoseconds = 0;
        for (int stage = 0; stage < _cost.PipelineStages; stage++) nanoseconds += Stage(stage);
        return RooflineStepCost.Round(WithCpu(nanoseconds, k));
    }

    public override Duration StageAt(int k)
    {
        if (_cost.PipelineStages == 1) return At(k);
        FindLayerTimes(k);
        double slowest = 0;
        for (int stage = 0; stage < _cost.PipelineStages; stage++)
        {
            double nanoseconds = Stage(stage);
            slowest = Math.Max(slowest, stage == 0 ? WithCpu(nanoseconds, k) : nanoseconds);
        }
        return RooflineStepCost.Round(slowest);
    }

    public override Int128 FlopsAt(int k) => _work.FlopsAt(k);

    public override long MemoryBytesAt(int k) => _work.MemoryBytesAt(k) + _bytesReread;

    public override (Int128 Flops, Int128 MemoryBytes) Totals(int steps)
    {
        (Int128 flops, Int128 bytes) = _work.Totals(steps);
        return (flops, bytes + ((Int128)steps * _bytesReread));
    }

    public override StepTerms TermsAt(int k)
    {
        FindLayerTimes(k);
        const double s = 1e-9;
        StepTerms work = _work.TermsAt(k);
        double network = _work.EdgeNetwork;
        for (int i = 0; i < _durations.Length; i++)
        {
            double layer = 0;
            for (int op = 0; op < LayerOperations.PerLayer; op++)
                if (LayerOperations.Class[op % LayerOperations.PerNanoBatch] == ResourceClass.Network) layer += _durations[i][op];
            network += _cost.Kinds[i].Layers * layer;
        }
        return work with
        {
            MemorySeconds = work.MemorySeconds + (_excessMemory * s),
            NetworkSeconds = network * s,
            LaunchSeconds = work.LaunchSeconds + (_excessLaunch * s),
            ElapsedSeconds = At(k).Seconds,
        };
    }

    /// <summary>One piece; never ranked, because nothing is played.</summary>
    private static NanoPlan Unsplit { get; } = new(NanoSplit.None, PhaseShares.Start, 0, 0);

    private double WithCpu(double nanoseconds, int k) =>
        _cost.Options.RunsCpuAhead ? Math.Max(nanoseconds, _work.Cpu(k)) : _work.WithCpu(nanoseconds, k);

    private double Stage(int stage)
    {
        double nanoseconds = _work.Edge(stage);
        for (int i = 0; i < _layerTimes.Length; i++) nanoseconds += _cost.Kinds[i].LayersOfStage[stage] * _layerTimes[i];
        return nanoseconds;
    }

    private void FindLayerTimes(int k)
    {
        for (int i = 0; i < _durations.Length; i++)
        {
            double decode = !_hasDecodes ? 0 : _cost.Kinds[i].IsWindowed ? _work.WindowedDecode(k) : _work.FullDecode(k);
            double[] durations = _durations[i];
            for (int nano = 0; nano < 2; nano++)
                _cost.FillDecode(durations.AsSpan(nano * LayerOperations.PerNanoBatch, LayerOperations.PerNanoBatch), nano, Split, _rows, decode);
            _layerTimes[i] = Split.IsSplit && _cost.Options.Layers == LayerExecution.Overlapped
                ? _pipeline.LayerNanoseconds(durations, _plan.Tails, _plan.Speeds)
                : Sum(durations);
        }
    }

    private static double Sum(double[] durations)
    {
        double sum = 0;
        foreach (double duration in durations) sum += duration;
        return sum;
    }
}
