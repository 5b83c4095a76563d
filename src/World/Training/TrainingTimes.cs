using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Training;

/// <summary>
/// Roofline of what training adds to a forward pass: backward units, adapters, the optimizer. Coefficients per device in nanoseconds,
/// precomputed; FLOP and bytes over the whole device group.
/// </summary>
/// <remarks>
/// Frozen products have input gradients alone: as many FLOP as forward, the weights read once per unit (units of several layers run one
/// after the other, top down, while inference goes bottom up, so they share no weight read with it; d). Elementwise operators read their
/// saved input besides the gradient. Attention backward is five products for forward's two, scores computed again (Dao, FlashAttention-2, c).
/// The lowest layer's input gradient, which nobody needs, is counted like all others.
/// </remarks>
internal sealed class TrainingTimes
{
    /// <summary>Matrix products of attention backward for each forward one, times two: dV, dP, dQ, dK and the scores again.</summary>
    private const int AttentionBackwardHalves = 5;

    /// <summary>The same where probabilities were stored.</summary>
    private const int StoredAttentionBackwardHalves = 4;

    /// <summary>Bytes that the optimizer reads and writes per parameter: all of them once each way.</summary>
    private const int OptimizerBytesPerParameter = 2 * TrainingMemory.BytesPerParameter;

    private readonly RooflineCost _cost;
    private readonly LinearTimes _backward;
    private readonly LinearTimes _forwardAdapters;
    private readonly int _halves;
    private readonly double _kvBytesPerToken;
    private readonly double _kvPerToken;
    private readonly int _devices;
    private readonly long _backwardFlopsPerToken;
    private readonly long _adapterForwardFlopsPerToken;
    private readonly double _optimizerBytes;

    public TrainingTimes(RooflineCost cost, AdapterTraining training)
    {
        _cost = cost;
        Deployment deployment = cost.Deployment;
        ModelSpec model = deployment.Model;
        double activation = deployment.Precision.BytesPerActivation;
        double hidden = model.Hidden;
        double width = TrainingMemory.FeedForwardWidth(deployment);
        double rank = training.Rank;
        double parameters = rank * (hidden + width);
        List<LinearOperator> backward = [];
        foreach (LinearOperator op in cost.Operators.Attention.Concat(cost.Operators.DenseFfn))
            backward.Add(op.FlopsPerRow > 0 ? op : op with { BytesPerRow = 2 * op.BytesPerRow });
        if (training.Kept == KeptActivations.Rematerialised)
            backward.Add(new("activation again", 0, 0, (model.Gated ? 3 : 2) * width * activation) { Kind = "activation" });
        // dB and the inner gradient read the output's gradient, dA the adapter's input; the input's gradient is added to.
        backward.Add(new(
            "adapter gradients", 4 * parameters, parameters * (activation + (2 * TrainingMemory.WideBytes)),
            ((2 * hidden) + (3 * width) + (4 * rank)) * activation, 4));
        _backward = cost.Times(backward);
        _forwardAdapters = cost.Times([new("adapter", 2 * parameters, parameters * activation, ((2 * hidden) + width + (2 * rank)) * activation, 2)]);
        _halves = training.Kept == KeptActivations.Stored ? StoredAttentionBackwardHalves : AttentionBackwardHalves;
        // Keys and values are read, their gradients read and written.
        _kvBytesPerToken = 2.0 * deployment.Shards.KvHeads * model.HeadWidth * (activation + (2 * TrainingMemory.WideBytes));
        _kvPerToken = _kvBytesPerToken * cost.Prices.NanosecondsPerByte;
        _devices = deployment.Parallel.Tensor;
        long adapter = training.Rank * ((long)model.Hidden + model.FfnWidth);
        _backwardFlopsPerToken = (model.LinearFlopsPerToken / model.Layers) + (4 * adapter);
        _adapterForwardFlopsPerToken = model.Layers * 2 * adapter;
        _optimizerBytes = (double)TrainingMemory.AdapterParameters(deployment, training.Rank) * OptimizerBytesPerParameter;
    }

    /// <summary>Time of a step without any pass of inference before it.</summary>
    public double StepCpu => _cost.Cpu(0, 0);

    /// <summary>What training adds to the forward window of a work, if it has one: its adapters.</summary>
    public TrainingTerms Forward(TrainingWork work)
    {
        if (work.ForwardTokens == 0) return default;
        int layers = _cost.Deployment.Model.Layers;
        OperatorTime time = layers * _forwardAdapters.At(work.ForwardTokens);
        double bytes = layers * (_forwardAdapters.WeightBytes + (work.ForwardTokens * _forwardAdapters.BytesPerRow));
        return new(time, 0, _adapterForwardFlopsPerToken * work.ForwardTokens, Whole(bytes));
    }

    /// <summary>All backward units of a work and the optimizer.</summary>
    public TrainingTerms Backward(TrainingWork work)
    {
        TrainingTerms sum = default;
        foreach (ref readonly BackwardUnit unit in work.Units) sum += Unit(unit);
        if (!work.Updates) return sum;
        double memory = _optimizerBytes * _cost.Prices.NanosecondsPerByte;
        return sum + new TrainingTerms(new(0, memory, memory, 2 * _cost.Prices.Kernel), 0, 0, Whole(_optimizerBytes));
    }

    private TrainingTerms Unit(BackwardUnit unit)
    {
        Deployment deployment = _cost.Deployment;
        ModelSpec model = deployment.Model;
        long rows = _cost.PaddedRows(unit.Tokens);
        PrefillChunk chunk = new(unit.Tokens, unit.FirstToken, false);
        bool windowed = model.IsWindowed(unit.Layer);
        int window = windowed ? model.Window!.Tokens : int.MaxValue;
        long pairs = windowed ? AttentionSpan.Pairs(chunk, window) : AttentionSpan.Pairs(chunk);
        long kvTokens = windowed ? AttentionSpan.KvTokens(chunk, window) : unit.ContextTokens;
        PrefillWork work = default;
        if (windowed) work.AddWindowed(chunk.Tokens, chunk.HistoryTokens, window);
        else work.Add(chunk.Tokens, chunk.HistoryTokens);
        double compute = _cost.Prices.Prefill(new(work, pairs, kvTokens, 0)).Busy * _halves / 2;
        double memory = kvTokens * _kvPerToken;
        OperatorTime time = _backward.At(rows) + new OperatorTime(compute, memory, Math.Max(compute, memory), 2 * _cost.Prices.Kernel);
        double network = _cost.DenseReduces * _cost.AllReduce.At(rows);
        Int128 flops = ((Int128)_backwardFlopsPerToken * unit.Tokens) + ((Int128)(model.PrefillFlopsPerPair * _halves / 2) * pairs);
        double bytes = _backward.WeightBytes + (unit.Tokens * _backward.BytesPerRow) + (kvTokens * _kvBytesPerToken);
        return new(time, network, flops, Whole(bytes));
    }

    private long Whole(double bytesPerDevice) => (long)Math.Round(bytesPerDevice * _devices);
}

/// <summary>Time and work of a part of training.</summary>
/// <param name="Time">On each device, in nanoseconds.</param>
/// <param name="Network">Collectives, in nanoseconds.</param>
/// <param name="Flops">Over the device group.</param>
/// <param name="Bytes">Of device memory, over the device group.</param>
internal readonly record struct TrainingTerms(OperatorTime Time, double Network, Int128 Flops, long Bytes)
{
    public double Elapsed => Time.Elapsed + Network;

    public static TrainingTerms operator +(TrainingTerms a, TrainingTerms b) =>
        new(a.Time + b.Time, a.Network + b.Network, a.Flops + b.Flops, a.Bytes + b.Bytes);
}
