using Orrery.Kernel.Time;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// Prices from families of measured efficiencies: the device's own, or those learnt on other devices. Launches are in the times.
/// Products, elementwise kernels, experts, collectives and decodes of one token are kept by size, so that they take logarithms once per size;
/// prompt chunks, steps that mix them with decodes, and verified drafts take theirs in every step.
/// </summary>
internal sealed class MeasuredPrices : OperatorPrices
{
    /// <summary>Edge of the matrix product, and bytes of the copy, that stand for large ones.</summary>
    private const long LargeEdge = 8192;
    private const double LargeBytes = 256e6;

    private readonly Deployment _deployment;
    private readonly DeviceProfile _profile;
    private readonly ProfileFactors _factors;
    private readonly AttentionSite _prefillSite;
    private readonly AttentionSite _decodeSite;
    private readonly ExpertSite _expertSite;
    private readonly double _perHistoryToken;
    private readonly bool _exchangesTokens;
    private readonly RowCache<double> _experts;
    private readonly DecodeKnots _knots;
    private readonly LatentDecode? _latentDecode;
    private readonly bool[] _extrapolated = new bool[Enum.GetValues<ProfileFamily>().Length];

    /// <param name="deployment">Its profile is measured.</param>
    /// <param name="profile">With every family.</param>
    public MeasuredPrices(Deployment deployment, DeviceProfile profile)
    {
        _deployment = deployment;
        _profile = profile;
        _factors = deployment.Profile.Factors;
        DeviceSpec device = deployment.Device;
        ModelSpec model = deployment.Model;
        ShardSizes shard = deployment.Shards;
        double kvBytes = deployment.Precision.BytesPerKvElement;
        double edge = LargeEdge;
        NanosecondsPerFlop = profile.Matrices!.Seconds(device, Format(false), LargeEdge, LargeEdge, LargeEdge) * Duration.NanosecondsPerSecond / (2 * edge * edge * edge) * _factors.Matrices;
        NanosecondsPerByte = profile.Vectors!.Seconds(device, VectorEfficiency.Any, LargeBytes / LargeEdge, LargeEdge) * Duration.NanosecondsPerSecond / LargeBytes * _factors.Vectors;
        if (model.Latent is { } latent)
        {
            // Absorbed: one KV head of the latent width for all query heads; keys and values are the same cache, hence half the bytes.
            _decodeSite = AttentionSite.Of(device, shard.Heads, 1, latent.KvRank + latent.RopeWidth, kvBytes / 2);
            _prefillSite = AttentionSite.Of(device, shard.Heads, shard.Heads, (latent.NopeWidth + latent.RopeWidth + latent.ValueWidth) / 2, kvBytes);
            _latentDecode = new(model, shard, _decodeSite);
            _perHistoryToken = (double)model.HistoryFlopsPerToken * shard.Heads / model.Heads * NanosecondsPerFlop;
        }
        else
        {
            _decodeSite = _prefillSite = AttentionSite.Of(device, shard.Heads, shard.KvHeads, model.HeadWidth, kvBytes);
        }
        if (model.Experts is { } experts)
        {
            ParallelPlan plan = deployment.Parallel;
            _expertSite = ExpertSite.Of(
                device, deployment.Precision.ExpertActivations ?? Format(false), deployment.Precision.BytesPerExpertWeight, model.Hidden, experts.Width, experts.TopK, experts.Count,
                plan.ExpertGroup / plan.Expert, plan.Expert);
            _exchangesTokens = plan.ExchangesTokens;
            if (_exchangesTokens) _expertSite = _expertSite.AfterExchange();
        }
        _experts = new(ExpertNanoseconds);
        _knots = new(profile.Decode!, _decodeSite);
    }

    public override double NanosecondsPerFlop { get; }

    public override double NanosecondsPerByte { get; }

    public override double Kernel => 0;

    public override IReadOnlyList<ProfileFamily> Extrapolated => [.. Enum.GetValues<ProfileFamily>().Where(family => _extrapolated[(int)family])];

    /// <summary>Tiles that are not full are part of what was measured.</summary>
    public override long ComputedRows(long rows) => rows;

    public override Func<long, OperatorTime> Linear(LinearOperator op)
    {
        const double ns = Duration.NanosecondsPerSecond;
        // Models whose layers all have experts have no dense part.
        if (op.IsMatrix ? op.Outputs == 0 || op.Inputs == 0 : op.BytesPerRow == 0) return static _ => default;
        if (!op.IsMatrix && op.FlopsPerRow > 0)
        {
            // Several small products counted together: as large ones, each with a launch.
            return rows =>
            {
                double compute = rows * op.FlopsPerRow * NanosecondsPerFlop;
                double memory = (op.WeightBytes + (rows * op.BytesPerRow)) * NanosecondsPerByte;
                return new(compute, memory, Math.Max(compute, memory) + (op.Kernels * VectorEfficiency.FloorSeconds * ns), 0);
            };
        }
        if (!op.IsMatrix)
        {
            VectorTimes kernel = _profile.Vectors!.Of(_deployment.Device, op.Kind, op.BytesPerRow);
            double perByte = ns / _deployment.Device.MemoryBandwidth.Value;
            return rows => new(0, rows * op.BytesPerRow * perByte, kernel.Seconds(rows) * ns * _factors.Vectors, 0);
        }
        double weights = op.IsPlain ? _deployment.Precision.BytesPerActivation : _deployment.Precision.BytesPerWeight;
        MatrixTimes product = _profile.Matrices!.Of(_deployment.Device, Format(op.IsPlain), op.Outputs, op.Inputs, weights);
        MatrixIdeal ideal = product.Ideal;
        return rows =>
        {
            if (rows == 0) return default;
            Mark(ProfileFamily.Matrices, _profile.Matrices.IsInside(_deployment.Device, Format(op.IsPlain), rows, op.Outputs, op.Inputs));
            return new(rows * ideal.ComputePerRow * ns, (ideal.MemoryFixed + (rows * ideal.MemoryPerRow)) * ns, product.Seconds(rows) * ns * _factors.Matrices, 0);
        };
    }

    public override OperatorTime Prefill(in ChunkSums chunks)
    {
        if (chunks.Work.Chunks == 0) return default;
        const double ns = Duration.NanosecondsPerSecond;
        PrefillWork work = PerRank(chunks.Work);
        Mark(ProfileFamily.Prefill, _profile.Prefill!.IsInside(_prefillSite, work));
        double seconds = _profile.Prefill!.Seconds(_prefillSite, work) * (1 + _deployment.Attention.PrefillPenalty) * _factors.Prefill;
        double expand = chunks.History * _perHistoryToken / _deployment.Parallel.Data;
        double compute = _prefillSite.PairFlops * work.PaddedPairs * _prefillSite.Heads / _prefillSite.PeakFlops;
        double memory = work.KvTokens * _prefillSite.KvHeads * _prefillSite.KvTokenBytes / _prefillSite.Bandwidth;
        return new((compute * ns) + expand, memory * ns, (seconds * ns) + expand, 0);
    }

    public override OperatorTime Routed(in RoutedWork work)
    {
        const double ns = Duration.NanosecondsPerSecond;
        if (work.Tokens == 0) return default;
        long tokens = _exchangesTokens ? Math.Max(1, (long)Math.Round((double)work.Tokens * _deployment.Model.Experts!.TopK / _deployment.Parallel.Expert)) : work.Tokens;
        double flops = 2.0 * _deployment.Model.ExpertParameters * work.Rows * _deployment.Model.Experts!.TopK / _deployment.Parallel.ExpertGroup;
        return new(flops / _expertSite.PeakFlops * ns, work.Bytes / _expertSite.Bandwidth * ns, _experts.At(tokens), 0);
    }

    public override double Collective(CollectiveKind kind, int devices, double bytes)
    {
        Mark(ProfileFamily.Collectives, _profile.Collectives!.IsInside(kind, _deployment.Interconnect, devices, bytes));
        return _profile.Collectives.Seconds(kind, _deployment.Interconnect, devices, bytes) * Duration.NanosecondsPerSecond * _factors.Collectives;
    }

    public override DecodeTimes CreateDecode() => new Decode(this);

    private double ExpertNanoseconds(long tokens)
    {
        Mark(ProfileFamily.Experts, _profile.Experts!.IsInside(_expertSite, tokens));
        return _profile.Experts.Seconds(_expertSite, tokens) * _factors.Experts * Duration.NanosecondsPerSecond;
    }

    private void Mark(ProfileFamily family, bool isInside)
    {
        if (!isInside) _extrapolated[(int)family] = true;
    }

    private Precision Format(bool plain) => plain && _deployment.Precision.Activations != Precision.Fp32 ? Precision.Bf16 : _deployment.Precision.Activations;

    /// <summary>Sequences are cut over data ranks: the chunks of one.</summary>
    private PrefillWork PerRank(in PrefillWork work) => _deployment.Parallel.Data == 1 ? work : work.Share(_deployment.Parallel.Data);

    private sealed class Decode(MeasuredPrices prices) : DecodeTimes
    {
        private readonly double _penalty = (1 + prices._deployment.Attention.DecodePenalty) * prices._factors.Decode;
        private readonly double _mixedFactor = prices._factors.Mixed / prices._factors.Decode;
        private readonly int _data = prices._deployment.Parallel.Data;
        private double[] _knots = [];
        private long _sequences;
        private long _local;
        private double _queryTokens;
        private double _alpha;
        private bool _isMixed;
        private PrefillWork _chunks;
        private double _chunkSeconds;

        public override void Prepare(long sequences, long queryTokens, in ChunkSums chunks)
        {
            _sequences = sequences;
            // A latent cache has one kernel for chunks, which expand it, and another for decodes.
            _isMixed = chunks.Work.Chunks > 0 && sequences > 0 && prices._latentDecode is null;
            if (sequences == 0) return;
            _local = RooflineCost.Share(sequences, _data);
            _queryTokens = (double)queryTokens / sequences;
            if (prices._latentDecode is not null) return;
            _alpha = prices._profile.Decode!.SkewShare(prices._decodeSite, _local);
            if (queryTokens == sequences) _knots = prices._knots.Of(_local);
            if (!_isMixed) return;
            _chunks = prices.PerRank(chunks.Work);
            _chunkSeconds = prices._profile.Prefill!.Seconds(prices._prefillSite, _chunks);
        }

        public override double At(in DecodeSums sums)
        {
            double mean = (double)(sums.Context - sums.Repeated) / _sequences;
            if (prices._latentDecode is { } latent) return latent.Nanoseconds(_local, mean, (double)sums.Pairs / _sequences) * _penalty;
            double nanoseconds = Alone(mean);
            // What others read already shortens every context alike: equal contexts with a common beginning are not skewed.
            double longest = sums.Longest - ((double)sums.Repeated / _sequences);
            if (_alpha > 0 && longest > mean) nanoseconds += _alpha * Math.Max(0, Alone(longest) - nanoseconds);
            // Tokens that are read once for several decodes are still multiplied for each.
            if (sums.Repeated > 0) nanoseconds = Math.Max(nanoseconds, Compute(sums));
            if (_isMixed) nanoseconds = Mixed(mean, longest, nanoseconds) * _mixedFactor;
            return nanoseconds * _penalty;
        }

        public override void Ran(long longestContext)
        {
            if (_sequences > 0 && prices._latentDecode is null) prices.Mark(ProfileFamily.Decode, prices._profile.Decode!.IsInside(prices._decodeSite, _local, longestContext));
        }

        public override OperatorTime TimeAt(in DecodeSums sums)
        {
            const double ns = Duration.NanosecondsPerSecond;
            AttentionSite site = prices._decodeSite;
            double memory = (double)(sums.Context - sums.Repeated) * site.KvHeads * site.KvTokenBytes / _data / site.Bandwidth;
            return new(Compute(sums), memory * ns, At(sums), 0);
        }

        /// <summary>Nanoseconds of the products at peak.</summary>
        private double Compute(in DecodeSums sums)
        {
            AttentionSite site = prices._decodeSite;
            return site.PairFlops * sums.Pairs * site.Heads / _data / site.PeakFlops * Duration.NanosecondsPerSecond;
        }

        private double Alone(double context) => _queryTokens == 1
            ? DecodeKnots.At(_knots, context)
            : prices._profile.Decode!.Seconds(prices._decodeSite, _local, context, _queryTokens) * Duration.NanosecondsPerSecond;

        /// <summary>What the decodes add to the chunks that share their step.</summary>
        private double Mixed(double mean, double longest, double alone)
        {
            const double ns = Duration.NanosecondsPerSecond;
            double together = prices._profile.Mixed!.Seconds(
                prices._decodeSite, _chunks, _chunkSeconds, _local, mean, Math.Max(longest, mean), alone / ns);
            return Math.Max(0, together - _chunkSeconds) * ns;
        }
    }
}
