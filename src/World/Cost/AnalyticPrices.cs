using Orrery.Kernel.Time;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// Roofline (Williams, Waterman and Patterson 2009) with constant shares of the peaks: time = max(FLOP / achievable rate, bytes /
/// achievable bandwidth) plus a launch per kernel. Efficiency does not depend on shape.
/// </summary>
internal sealed class AnalyticPrices : OperatorPrices
{
    private readonly Interconnect _interconnect;
    private readonly CostProfile _profile;
    private readonly double _routedPerRow;
    private readonly double _prefillPerHistoryToken;
    private readonly double _prefillPerKvToken;
    private readonly double _prefillPerPair;
    private readonly double _decodePerPair;
    private readonly double _decodePerKvToken;
    private readonly double _skewFraction;

    public AnalyticPrices(Deployment deployment)
    {
        _interconnect = deployment.Interconnect;
        _profile = deployment.Profile;
        ModelSpec model = deployment.Model;
        CostProfile profile = deployment.Profile;
        ParallelPlan plan = deployment.Parallel;
        ShardSizes shard = deployment.Shards;
        double peak = deployment.Device.PeakRate(deployment.Precision.Activations)!.Value.Value;
        double bandwidth = deployment.Device.MemoryBandwidth.Value;
        NanosecondsPerFlop = Duration.NanosecondsPerSecond / (peak * profile.GemmEfficiency);
        NanosecondsPerByte = Duration.NanosecondsPerSecond / (bandwidth * profile.MemoryBandwidthFraction);
        Kernel = profile.KernelSeconds * Duration.NanosecondsPerSecond;

        // Attention cuts heads over tensor ranks and sequences over data ranks.
        double attentionPerFlop = Duration.NanosecondsPerSecond / (peak * profile.AttentionEfficiency);
        double prefillTime = 1 + deployment.Attention.PrefillPenalty;
        double decodeTime = 1 + deployment.Attention.DecodePenalty;
        double headShare = (double)shard.Heads / model.Heads / plan.Data;
        _prefillPerPair = model.PrefillFlopsPerPair * headShare * attentionPerFlop * prefillTime;
        _prefillPerHistoryToken = model.HistoryFlopsPerToken * headShare * NanosecondsPerFlop;
        _prefillPerKvToken = shard.KvBytesPerTokenLayer * NanosecondsPerByte / plan.Data * prefillTime;
        _decodePerPair = model.DecodeFlopsPerPair * headShare * attentionPerFlop * decodeTime;
        _decodePerKvToken = shard.KvBytesPerTokenLayer * Duration.NanosecondsPerSecond
            / (bandwidth * profile.DecodeAttentionBandwidthFraction) / plan.Data * decodeTime;
        _skewFraction = profile.DecodeSkewFraction;
        if (model.Experts is { } experts)
        {
            double expertPeak = deployment.Device.PeakRate(deployment.Precision.ExpertActivations ?? deployment.Precision.Activations)!.Value.Value;
            _routedPerRow = 2.0 * model.ExpertParameters * experts.TopK / plan.ExpertGroup * profile.ExpertImbalance * NanosecondsPerFlop * (peak / expertPeak);
        }
    }

    public override double NanosecondsPerFlop { get; }

    public override double NanosecondsPerByte { get; }

    public override double Kernel { get; }

    public override long ComputedRows(long rows) => _profile.WholeTiles(rows);

    public override Func<long, OperatorTime> Linear(LinearOperator op)
    {
        double factor = op.FlopsPerRow > 0 ? _profile.Factors.Matrices : _profile.Factors.Vectors;
        return rows =>
        {
            double compute = rows * (op.FlopsPerRow * NanosecondsPerFlop);
            double memory = (op.WeightBytes * NanosecondsPerByte) + (rows * (op.BytesPerRow * NanosecondsPerByte));
            return new OperatorTime(compute, memory, Math.Max(compute, memory), op.Kernels * Kernel).Slower(factor);
        };
    }

    public override OperatorTime Prefill(in ChunkSums chunks)
    {
        double compute = (chunks.Pairs * _prefillPerPair) + (chunks.History * _prefillPerHistoryToken);
        double memory = chunks.KvTokens * _prefillPerKvToken;
        return new OperatorTime(compute, memory, Math.Max(compute, memory), Kernel).Slower(_profile.Factors.Prefill);
    }

    public override OperatorTime Routed(in RoutedWork work)
    {
        double compute = work.Rows * _routedPerRow;
        double memory = work.Bytes * NanosecondsPerByte;
        return new OperatorTime(compute, memory, Math.Max(compute, memory), 2 * Kernel).Slower(_profile.Factors.Experts);
    }

    public override double Collective(CollectiveKind kind, int devices, double bytes) => _profile.Factors.Collectives * kind switch
    {
        CollectiveKind.AllReduce => CollectiveTime.AllReduce(devices, _interconnect, _profile).At(bytes),
        CollectiveKind.PointToPoint => CollectiveTime.PointToPoint(_interconnect.For(devices), _profile).At(bytes),
        _ => CollectiveTime.Exchange(devices, _interconnect, _profile).At(bytes),
    };

    public override DecodeTimes CreateDecode() => new Decode(this);

    private sealed class Decode(AnalyticPrices prices) : DecodeTimes
    {
        private readonly double _perKvToken = prices._decodePerKvToken;
        private readonly double _perPair = prices._decodePerPair;
        private readonly double _factor = prices._profile.Factors.Decode;
        private readonly double _skewFraction = prices._skewFraction;
        private long _sequences;

        public override void Prepare(long sequences, long queryTokens, in ChunkSums chunks) => _sequences = sequences;

        public override double At(in DecodeSums sums)
        {
            double memory = Memory(sums);
            double compute = _perPair * sums.Pairs;
            return (memory > compute ? memory : compute) * _factor;
        }

        public override OperatorTime TimeAt(in DecodeSums sums) => new(_perPair * sums.Pairs, Memory(sums), At(sums), 0);

        /// <summary>Bytes read, and the part of the imbalance n · longest − sum that splitting long sequences over cores does not hide.</summary>
        private double Memory(in DecodeSums sums) =>
            _perKvToken * (sums.Context - sums.Repeated + (_skewFraction * ((_sequences * sums.Longest) - sums.Context)));
    }
}
