using Orrery.Kernel.Time;
using Orrery.World.Deployments;
using Orrery.World.Measurements;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// A step as the sum of its operators, which run one after the other; weights are read once per step whatever the mix. What an operator takes
/// is its roofline (Williams, Waterman and Patterson 2009) times how much longer it was measured to take, or with constant shares of the peaks.
/// </summary>
/// <remarks>
/// Approximations: the sequences of a step are shared out evenly over data ranks; routing is uniform; a chunk reads its history from
/// memory once; chunks of a step share one attention kernel. Times by number of rows are kept, so that preparing a step is a few dozen
/// operations; one object serves one run.
/// </remarks>
public sealed class RooflineCost : ICostModel
{
    private readonly double _missLog;
    private readonly double _expertSliceBytes;
    private readonly double _routedBytesPerRow;

    public RooflineCost(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        Deployment = deployment;
        ModelSpec model = deployment.Model;
        CostProfile profile = deployment.Profile;
        ParallelPlan plan = deployment.Parallel;
        Prices = profile.Measured is { } measured ? new MeasuredPrices(deployment, measured) : new AnalyticPrices(deployment);
        LayerOperators operators = LayerOperators.Of(deployment);
        Operators = operators;
        AttentionLinear = Times(operators.Attention);
        DenseFfn = Times(operators.DenseFfn);
        ExpertFfn = Times(operators.ExpertFfn);
        Embedding = Times(operators.Embedding);
        Head = Times(operators.Head);
        if (model.Experts is { } experts)
        {
            double slices = (double)plan.ExpertGroup / plan.Expert;
            ExpertsPerRank = (double)experts.Count / plan.Expert;
            _missLog = Math.Log(1 - ((double)experts.TopK / experts.Count));
            _expertSliceBytes = model.ExpertParameters * deployment.Precision.BytesPerExpertWeight / slices;
            double visits = (double)experts.TopK / plan.ExpertGroup * profile.ExpertImbalance;
            double width = (model.Gated ? 3.0 : 2.0) * experts.Width;
            _routedBytesPerRow = visits * ((2.0 * model.Hidden * slices) + width) * deployment.Precision.BytesPerActivation;
        }

        double activation = deployment.Precision.BytesPerActivation;
        bool exchangesTokens = plan.ExchangesTokens;
        DenseReduces = model.ParallelBlock ? 1 : 2;
        ExpertReduces = exchangesTokens ? DenseReduces - 1 : DenseReduces;
        double hiddenBytes = model.Hidden * activation;
        AllReduce = Collective(CollectiveKind.AllReduce, plan.Tensor, hiddenBytes);
        // A token goes once to each rank that holds some of its experts: e·(1 − (1 − 1/e)^k) of e ranks.
        double visited = plan.Expert * (1 - Math.Pow(1 - (1.0 / plan.Expert), model.Experts?.TopK ?? 0));
        ExpertExchange = Collective(CollectiveKind.AllToAll, exchangesTokens ? plan.Expert : 1, visited * hiddenBytes / plan.Tensor);
        LogitGather = Collective(CollectiveKind.AllGather, plan.Tensor, model.Vocabulary * activation);
        HandOver = Collective(CollectiveKind.PointToPoint, plan.Devices, hiddenBytes);
        TableEntry = deployment.Attention.TableEntrySeconds * Duration.NanosecondsPerSecond;
        Stages = [.. Enumerable.Range(0, plan.Pipeline).Select(stage => new StageLayers(model, plan, stage))];
        Work = new(deployment, operators);
    }

    public Deployment Deployment { get; }

    public int PipelineStages => Stages.Length;

    /// <summary>What <see cref="AttentionLinear"/> and its siblings were made of, for execution styles that cut a layer elsewhere.</summary>
    internal LayerOperators Operators { get; }

    /// <summary>What single operators cost.</summary>
    internal OperatorPrices Prices { get; }

    internal LinearTimes AttentionLinear { get; }

    internal LinearTimes DenseFfn { get; }

    internal LinearTimes ExpertFfn { get; }

    internal LinearTimes Embedding { get; }

    internal LinearTimes Head { get; }

    internal double ExpertsPerRank { get; }

    /// <summary>After a part of a layer, by rows of a data rank; in nanoseconds like the others.</summary>
    internal RowCache<double> AllReduce { get; }

    internal int DenseReduces { get; }

    internal int ExpertReduces { get; }

    /// <summary>Tokens to the ranks of their experts, one way.</summary>
    internal RowCache<double> ExpertExchange { get; }

    /// <summary>By sampled tokens.</summary>
    internal RowCache<double> LogitGather { get; }

    /// <summary>From one stage to the next.</summary>
    internal RowCache<double> HandOver { get; }

    /// <summary>CPU time per entry of the block tables.</summary>
    internal double TableEntry { get; }

    internal StageLayers[] Stages { get; }

    internal StepWork Work { get; }

    public IReadOnlyList<ProfileFamily> Extrapolated => Prices.Extrapolated;

    public StepCost CreateStep() => new RooflineStepCost(this);

    /// <summary>CPU time of a step in nanoseconds, block tables aside.</summary>
    internal double Cpu(long sequences, long promptTokens) => Deployment.Profile.Factors.Cpu * Deployment.Engine.CpuSeconds(sequences, promptTokens) * Duration.NanosecondsPerSecond;

    /// <summary>Rows that a step of this many tokens is computed with: the engine's captured sizes, and what the device rounds up to.</summary>
    internal long PaddedRows(long tokens) => Prices.ComputedRows(Deployment.Engine.PaddedTokens(tokens));

    /// <summary>A list of operators with what they cost here, for execution styles that cut a layer elsewhere and for training.</summary>
    internal LinearTimes Times(IReadOnlyList<LinearOperator> operators) => new(operators, Prices);

    /// <summary>Expected distinct experts of a rank that so many tokens touch: E/e·(1 − (1 − k/E)^B).</summary>
    internal double TouchedPerRank(long tokens) => tokens == 0 ? 0 : ExpertsPerRank * (1 - Math.Exp(tokens * _missLog));

    /// <summary>The routed experts of one layer and device.</summary>
    /// <param name="tokens">Tokens of the step over all data ranks.</param>
    /// <param name="localRows">Padded rows of one data rank.</param>
    /// <param name="routedBytes">Bytes read and written.</param>
    internal OperatorTime Routed(long tokens, long localRows, out double routedBytes)
    {
        ParallelPlan plan = Deployment.Parallel;
        // Experts spread over the data ranks see the tokens of all of them; experts cut like dense layers only those of their own rank.
        bool shared = plan.Expert > 1;
        long rows = shared ? localRows * plan.Data : localRows;
        long reaching = shared ? tokens : Share(tokens, plan.Data);
        routedBytes = (TouchedPerRank(reaching) * _expertSliceBytes) + (rows * _routedBytesPerRow);
        return Prices.Routed(new(reaching, rows, routedBytes));
    }

    private RowCache<double> Collective(CollectiveKind kind, int devices, double bytesPerRow) =>
        new(devices == 1 ? _ => 0 : rows => Prices.Collective(kind, devices, rows * bytesPerRow));

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
