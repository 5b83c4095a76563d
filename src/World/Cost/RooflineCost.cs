using Orrery.Kernel.Time;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// Analytic roofline (Williams, Waterman and Patterson 2009) per operator: time = max(FLOP / achievable rate, bytes / achievable
/// bandwidth) plus a launch per kernel; operators run one after the other; weights are read once per step whatever the mix.
/// </summary>
/// <remarks>
/// Approximations: matrix efficiency does not depend on shape beyond padding to graph sizes and whole tiles; the sequences of a step are
/// shared out evenly over data ranks; routing is uniform; a chunk reads its history from memory once; chunks of a step share one
/// attention kernel. All coefficients are computed here once, in nanoseconds, so that preparing a step is a few dozen operations.
/// </remarks>
public sealed class RooflineCost : ICostModel
{
    public RooflineCost(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        Deployment = deployment;
        ModelSpec model = deployment.Model;
        CostProfile profile = deployment.Profile;
        ParallelPlan plan = deployment.Parallel;
        ShardSizes shard = deployment.Shards;
        double peak = deployment.Device.PeakRate(deployment.Precision.Activations)!.Value.Value;
        double bandwidth = deployment.Device.MemoryBandwidth.Value;
        double perFlop = Duration.NanosecondsPerSecond / (peak * profile.GemmEfficiency);
        double perByte = Duration.NanosecondsPerSecond / (bandwidth * profile.MemoryBandwidthFraction);
        Kernel = profile.KernelSeconds * Duration.NanosecondsPerSecond;

        LayerOperators operators = LayerOperators.Of(deployment);
        Operators = operators;
        NanosecondsPerFlop = perFlop;
        NanosecondsPerByte = perByte;
        AttentionLinear = new(operators.Attention, perFlop, perByte, Kernel);
        DenseFfn = new(operators.DenseFfn, perFlop, perByte, Kernel);
        ExpertFfn = new(operators.ExpertFfn, perFlop, perByte, Kernel);
        Embedding = new(operators.Embedding, perFlop, perByte, Kernel);
        Head = new(operators.Head, perFlop, perByte, Kernel);

        // Attention cuts heads over tensor ranks and sequences over data ranks.
        double attentionPerFlop = Duration.NanosecondsPerSecond / (peak * profile.AttentionEfficiency);
        double prefillTime = 1 + deployment.Attention.PrefillPenalty;
        double decodeTime = 1 + deployment.Attention.DecodePenalty;
        double headShare = (double)shard.Heads / model.Heads / plan.Data;
        PrefillPerPair = model.PrefillFlopsPerPair * headShare * attentionPerFlop * prefillTime;
        PrefillPerHistoryToken = model.HistoryFlopsPerToken * headShare * perFlop;
        PrefillPerKvToken = shard.KvBytesPerTokenLayer * perByte / plan.Data * prefillTime;
        DecodePerPair = model.DecodeFlopsPerPair * headShare * attentionPerFlop * decodeTime;
        DecodePerKvToken = shard.KvBytesPerTokenLayer * Duration.NanosecondsPerSecond
            / (bandwidth * profile.DecodeAttentionBandwidthFraction) / plan.Data * decodeTime;

        if (model.Experts is { } experts)
        {
            double slices = (double)plan.ExpertGroup / plan.Expert;
            double perRank = (double)experts.Count / plan.Expert;
            ExpertsPerRank = perRank;
            MissLog = Math.Log(1 - ((double)experts.TopK / experts.Count));
            ExpertSliceBytes = model.ExpertParameters * deployment.Precision.BytesPerExpertWeight / slices;
            double visits = (double)experts.TopK / plan.ExpertGroup * profile.ExpertImbalance;
            double expertPeak = deployment.Device.PeakRate(deployment.Precision.ExpertActivations ?? deployment.Precision.Activations)!.Value.Value;
            RoutedPerRow = 2.0 * model.ExpertParameters * visits * (perFlop * (peak / expertPeak));
            double width = (model.Gated ? 3.0 : 2.0) * experts.Width;
            RoutedBytesPerRow = visits * ((2.0 * model.Hidden * slices) + width) * deployment.Precision.BytesPerActivation;
            RoutedMemoryPerByte = perByte;
        }

        double activation = deployment.Precision.BytesPerActivation;
        bool exchangesTokens = plan.Expert > 1 && plan.Data > 1;
        AllReduce = CollectiveTime.AllReduce(plan.Tensor, deployment.Interconnect, profile);
        AllReduceBytesPerRow = model.Hidden * activation;
        DenseReduces = model.ParallelBlock ? 1 : 2;
        ExpertReduces = exchangesTokens ? DenseReduces - 1 : DenseReduces;
        ExpertExchange = exchangesTokens ? CollectiveTime.Exchange(plan.Expert, deployment.Interconnect, profile) : default;
        ExpertExchangeBytesPerRow = (model.Experts?.TopK ?? 0) * (double)model.Hidden * activation / plan.Tensor;
        LogitGather = CollectiveTime.Exchange(plan.Tensor, deployment.Interconnect, profile);
        LogitBytesPerRow = model.Vocabulary * activation;
        HandOver = CollectiveTime.PointToPoint(deployment.Interconnect.For(plan.Devices), profile);
        HandOverBytesPerRow = model.Hidden * activation;
        StepCpu = profile.StepCpuSeconds * Duration.NanosecondsPerSecond;
        SequenceCpu = profile.SequenceCpuSeconds * Duration.NanosecondsPerSecond;
        TableEntry = deployment.Attention.TableEntrySeconds * Duration.NanosecondsPerSecond;
        Stages = [.. Enumerable.Range(0, plan.Pipeline).Select(stage => new StageLayers(model, plan, stage))];
        Work = new(deployment, operators);
    }

    public Deployment Deployment { get; }

    public int PipelineStages => Stages.Length;

    /// <summary>What <see cref="AttentionLinear"/> and its siblings were made of, for execution styles that cut a layer elsewhere.</summary>
    internal LayerOperators Operators { get; }

    /// <summary>Of a matrix product on one device.</summary>
    internal double NanosecondsPerFlop { get; }

    /// <summary>Of device memory, for everything but decode attention.</summary>
    internal double NanosecondsPerByte { get; }

    internal double Kernel { get; }

    internal LinearTimes AttentionLinear { get; }

    internal LinearTimes DenseFfn { get; }

    internal LinearTimes ExpertFfn { get; }

    internal LinearTimes Embedding { get; }

    internal LinearTimes Head { get; }

    internal double PrefillPerPair { get; }

    internal double PrefillPerHistoryToken { get; }

    internal double PrefillPerKvToken { get; }

    internal double DecodePerPair { get; }

    internal double DecodePerKvToken { get; }

    internal double ExpertsPerRank { get; }

    /// <summary>ln(1 − k/E): the chance that one token misses an expert, in logarithm.</summary>
    internal double MissLog { get; }

    internal double ExpertSliceBytes { get; }

    internal double RoutedPerRow { get; }

    internal double RoutedBytesPerRow { get; }

    internal double RoutedMemoryPerByte { get; }

    internal CollectiveTime AllReduce { get; }

    internal double AllReduceBytesPerRow { get; }

    internal int DenseReduces { get; }

    internal int ExpertReduces { get; }

    internal CollectiveTime ExpertExchange { get; }

    internal double ExpertExchangeBytesPerRow { get; }

    internal CollectiveTime LogitGather { get; }

    internal double LogitBytesPerRow { get; }

    internal CollectiveTime HandOver { get; }

    internal double HandOverBytesPerRow { get; }

    internal double StepCpu { get; }

    internal double SequenceCpu { get; }

    /// <summary>CPU time per entry of the block tables.</summary>
    internal double TableEntry { get; }

    internal StageLayers[] Stages { get; }

    internal StepWork Work { get; }

    public StepCost CreateStep() => new RooflineStepCost(this);

    /// <summary>Expected distinct experts of a rank that so many tokens touch: E/e·(1 − (1 − k/E)^B).</summary>
    internal double TouchedPerRank(long tokens) => tokens == 0 ? 0 : ExpertsPerRank * (1 - Math.Exp(tokens * MissLog));

    /// <summary>The routed experts of one layer and device.</summary>
    /// <param name="tokens">Tokens of the step over all data ranks.</param>
    /// <param name="localRows">Padded rows of one data rank.</param>
    /// <param name="routedBytes">Bytes read and written.</param>
    internal OperatorTime Routed(long tokens, long localRows, out double routedBytes)
    {
        ParallelPlan plan = Deployment.Parallel;
        // Experts spread over the data ranks see the tokens of all of them; experts cut like dense layers only those of their own rank.
        bool shared = plan.Expert > 1;
        long routedRows = shared ? localRows * plan.Data : localRows;
        double touched = TouchedPerRank(shared ? tokens : Share(tokens, plan.Data));
        routedBytes = (touched * ExpertSliceBytes) + (routedRows * RoutedBytesPerRow);
        double compute = routedRows * RoutedPerRow;
        double memory = routedBytes * RoutedMemoryPerByte;
        return new(compute, memory, Math.Max(compute, memory), 2 * Kernel);
    }

    /// <summary>Tokens of the fullest of so many data ranks.</summary>
    internal static long Share(long tokens, int ranks) => ranks == 1 ? tokens : (tokens + ranks - 1) / ranks;
}

/// <summary>How many layers of each kind a pipeline stage holds.</summary>
internal readonly struct StageLayers
{
    public StageLayers(ModelSpec model, ParallelPlan plan, int stage)
    {
        int start = plan.StageStart(model.Layers, stage);
        Layers = plan.StageLayers(model.Layers, stage);
        for (int layer = start; layer < start + Layers; layer++)
        {
            if (model.HasExperts(layer)) Experts++;
            if (model.IsWindowed(layer)) Windowed++;
        }
        IsFirst = stage == 0;
        IsLast = stage == plan.Pipeline - 1;
    }

    public int Layers { get; }

    public int Experts { get; }

    public int Windowed { get; }

    public bool IsFirst { get; }

    public bool IsLast { get; }

    public int Dense => Layers - Experts;

    public int Full => Layers - Windowed;
}
