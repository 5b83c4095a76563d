using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Overlap;

/// <summary>
/// Steps whose layers run as a pipeline of operations of different classes (compute, memory, network) over nano-batches, side by side on
/// shares of the device. Base durations are those of <see cref="RooflineCost"/>; every nano-batch reads the weights again.
/// </summary>
/// <remarks>
/// Step time = Σ over layers of the pipeline's time per layer + what is outside the layers. Source: NanoFlow, arXiv 2408.12757 (a to d,
/// see the parts). Decodes and prompt tokens are spread evenly over the rows of the nano-batches (d). Filling the pipeline at the first
/// layer and draining it at the last are left out: less than one layer of many. Pipelines are searched once per step size, in tiles, and
/// share of decodes, in quarters, and kept; one object serves one run.
/// </remarks>
public sealed class OverlapCost : ICostModel
{
    /// <summary>The share of decodes is a quarter's multiple when a pipeline is searched (d).</summary>
    public const int ShareParts = 4;

    private readonly Dictionary<(long Rows, int DecodeQuarters), NanoPlan> _plans = [];
    private readonly LinearTimes _input;
    private readonly LinearTimes _output;
    private readonly LinearTimes _up;
    private readonly LinearTimes _down;
    private readonly LinearTimes _expertUp;
    private readonly LinearTimes _expertDown;
    private readonly PipelineSearch _search;
    private readonly DecodeTimes _nominalDecode;

    public OverlapCost(Deployment deployment, OverlapOptions? options = null)
    {
        Options = options ?? new();
        Roofline = new(deployment);
        LayerOperators operators = Roofline.Operators;
        // The output and the down projection are last in their lists; all that comes before runs before.
        (_input, _output) = Cut(operators.Attention);
        (_up, _down) = Cut(operators.DenseFfn);
        (_expertUp, _expertDown) = Cut(operators.ExpertFfn);
        Kinds = FindKinds(deployment);
        _search = new(this);
        _nominalDecode = Roofline.Prices.CreateDecode();

        (LinearTimes Before, LinearTimes Last) Cut(IReadOnlyList<LinearOperator> list) =>
            (Roofline.Times([.. list.SkipLast(1)]), Roofline.Times([.. list.TakeLast(1)]));
    }

    public OverlapOptions Options { get; }

    public int PipelineStages => Roofline.PipelineStages;

    internal RooflineCost Roofline { get; }

    internal IReadOnlyList<LayerKind> Kinds { get; }

    public StepCost CreateStep() => new OverlapStepCost(this);

    /// <summary>The pipeline for steps of a size: the outcome of the search, from which every such step is timed.</summary>
    /// <param name="tokens">Tokens of a step; rounded up to whole tiles per data rank.</param>
    /// <param name="decodeQuarters">Share of decodes in them, in quarters, 0 to 4.</param>
    public NanoPlan PlanFor(long tokens, int decodeQuarters)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)decodeQuarters, (uint)ShareParts, nameof(decodeQuarters));
        return PlanForRows(RooflineCost.Share(tokens, Roofline.Deployment.Parallel.Data), decodeQuarters);
    }

    internal NanoPlan PlanForRows(long rows, int decodeQuarters)
    {
        long size = (rows + NanoSplit.UnitRows - 1) / NanoSplit.UnitRows;
        // Between two powers of two above the finest grid, eight sizes are enough.
        long coarse = 1;
        while (size / coarse > SizesPerOctave * 2) coarse *= 2;
        long searched = (size + coarse - 1) / coarse * coarse * NanoSplit.UnitRows;
        if (_plans.TryGetValue((searched, decodeQuarters), out NanoPlan? plan)) return plan;
        plan = _search.Find(searched, Nominal(searched, decodeQuarters));
        _plans.Add((searched, decodeQuarters), plan);
        return plan;
    }

    /// <summary>Writes the duration of every operation alone on the device, in nanoseconds.</summary>
    internal void Fill(Span<double> durations, NanoSplit split, long rows, LayerWork work)
    {
        RooflineCost roofline = Roofline;
        (LinearTimes up, LinearTimes down) = work.HasExperts ? (_expertUp, _expertDown) : (_up, _down);
        int reduces = work.HasExperts ? roofline.ExpertReduces : roofline.DenseReduces;
        durations.Clear();
        for (int nano = 0; nano < 2; nano++)
        {
            Span<double> own = durations.Slice(nano * LayerOperations.PerNanoBatch, LayerOperations.PerNanoBatch);
            long ownRows = split.Rows(nano, rows);
            if (ownRows == 0) continue;
            for (int part = 0; part < 2; part++)
            {
                long partRows = split.PartRows(nano, part, rows);
                if (partRows > 0) own[(int)LayerOperation.InputProjection0 + part] = _input.At(Padded(partRows)).Elapsed;
            }
            FillDecode(own, nano, split, rows, work.Decode);
            if (work.Prompt.Launch > 0) own[(int)LayerOperation.PromptAttention] = (work.Prompt.Busy * ownRows / rows) + work.Prompt.Launch;
            long padded = Padded(ownRows);
            own[(int)LayerOperation.OutputProjection] = _output.At(padded).Elapsed;
            own[(int)LayerOperation.Up] = up.At(padded).Elapsed;
            own[(int)LayerOperation.Down] = down.At(padded).Elapsed;
            if (work.HasExperts) own[(int)LayerOperation.Up] += roofline.Routed(work.TokensIn(ownRows, rows), padded, out _).Elapsed;
            double reduce = roofline.AllReduce.At(padded);
            double exchange = work.HasExperts ? 2 * roofline.ExpertExchange.At(padded) : 0;
            int afterAttention = reduces >= 2 ? 1 : 0;
            own[(int)LayerOperation.AttentionReduce] = afterAttention * reduce;
            own[(int)LayerOperation.FeedForwardReduce] = ((reduces - afterAttention) * reduce) + exchange;
        }
    }

    /// <summary>The part of <see cref="Fill"/> that contexts change.</summary>
    internal void FillDecode(Span<double> own, int nano, NanoSplit split, long rows, double decode)
    {
        for (int part = 0; part < 2; part++)
        {
            long partRows = decode > 0 ? split.PartRows(nano, part, rows) : 0;
            own[(int)LayerOperation.DecodeAttention0 + part] = partRows > 0 ? (decode * partRows / rows) + Roofline.Prices.Kernel : 0;
        }
    }

    /// <summary>What a split layer does beyond one in one piece, on one device.</summary>
    internal SplitExcess Excess(LayerWork work, NanoSplit split, long rows)
    {
        int parts = 0;
        int batches = 0;
        for (int nano = 0; nano < 2; nano++)
        {
            if (split.Rows(nano, rows) > 0) batches++;
            for (int part = 0; part < 2; part++)
                if (split.PartRows(nano, part, rows) > 0) parts++;
        }
        (LinearTimes up, LinearTimes down) = work.HasExperts ? (_expertUp, _expertDown) : (_up, _down);
        double bytes = ((parts - 1) * _input.WeightBytes) + ((batches - 1) * (_output.WeightBytes + up.WeightBytes + down.WeightBytes));
        double launch = ((parts - 1) * (_input.Launch + (work.Decode > 0 ? Roofline.Prices.Kernel : 0)))
            + ((batches - 1) * (_output.Launch + up.Launch + down.Launch + work.Prompt.Launch));
        if (!work.HasExperts) return new(bytes, launch);
        OperatorTime whole = Roofline.Routed(work.Tokens, 0, out double touched);
        for (int nano = 0; nano < 2; nano++)
        {
            Roofline.Routed(work.TokensIn(split.Rows(nano, rows), rows), 0, out double own);
            bytes += own;
        }
        return new(bytes - touched, launch + ((batches - 1) * whole.Launch));
    }

    internal long Padded(long rows) => Roofline.PaddedRows(rows);

    /// <summary>Sizes that get pipelines of their own between two powers of two.</summary>
    private const int SizesPerOctave = 8;

    /// <summary>A step of this size for the search: decodes at the nominal context, the other rows one prompt's chunk that begins it.</summary>
    private LayerWork Nominal(long rows, int decodeQuarters)
    {
        LayerKind kind = Kinds[0];
        ParallelPlan plan = Roofline.Deployment.Parallel;
        long context = kind.IsWindowed ? Math.Min(Options.ContextTokens, Roofline.Work.Window) : Options.ContextTokens;
        long decodes = rows * plan.Data * decodeQuarters / ShareParts;
        long prompts = (rows * plan.Data) - decodes;
        // Each prompt token sees half of its prompt on average.
        ChunkSums chunks = default;
        if (prompts > 0)
        {
            PrefillWork nominal = default;
            nominal.Add(prompts, Math.Max(0, (context - prompts) / 2));
            chunks = new(nominal, prompts * context / 2, prompts, 0);
        }
        _nominalDecode.Prepare(decodes, decodes, default);
        double decode = decodes > 0 ? _nominalDecode.At(new(decodes * context, 0, context, decodes * context)) : 0;
        OperatorTime prompt = prompts > 0 ? Roofline.Prices.Prefill(chunks) : default;
        return new(kind.HasExperts, rows * plan.Data, decode, prompt);
    }

    /// <summary>The kinds of layers that the model has, the most frequent first.</summary>
    private static LayerKind[] FindKinds(Deployment deployment)
    {
        ModelSpec model = deployment.Model;
        ParallelPlan plan = deployment.Parallel;
        List<LayerKind> kinds = [];
        for (int stage = 0; stage < plan.Pipeline; stage++)
        {
            int start = plan.StageStart(model.Layers, stage);
            for (int layer = start; layer < start + plan.StageLayers(model.Layers, stage); layer++)
            {
                bool hasExperts = model.HasExperts(layer);
                bool isWindowed = model.IsWindowed(layer);
                LayerKind? kind = kinds.Find(k => k.HasExperts == hasExperts && k.IsWindowed == isWindowed);
                if (kind is null) kinds.Add(kind = new(hasExperts, isWindowed, new int[plan.Pipeline]));
                kind.LayersOfStage[stage]++;
            }
        }
        return [.. kinds.OrderByDescending(kind => kind.Layers)];
    }
}
