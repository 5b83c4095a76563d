using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Cost;

/// <summary>The roofline once more, layer by layer in plain seconds and without any precomputation: what the fast path must equal.</summary>
internal sealed class PlainRoofline(Deployment deployment)
{
    private readonly ModelSpec _model = deployment.Model;
    private readonly CostProfile _profile = deployment.Profile;
    private readonly EngineProfile _engine = deployment.Engine;
    private readonly ParallelPlan _plan = deployment.Parallel;
    private readonly double _a = deployment.Precision.BytesPerActivation;
    private readonly double _b = deployment.Precision.BytesPerWeight;

    public double SlowestStageSeconds { get; private set; }

    public double Seconds(Shape shape)
    {
        double total = 0;
        SlowestStageSeconds = 0;
        double rows = Padded(shape.Decodes.Sum(d => d.Queries) + shape.Chunks.Sum(c => c.Tokens));
        double samples = Padded(shape.Decodes.Sum(d => d.Queries) + shape.Chunks.Count(c => c.Finishes));
        int layer = 0;
        for (int stage = 0; stage < _plan.Pipeline; stage++)
        {
            double seconds = 0;
            int last = layer + (_model.Layers / _plan.Pipeline) + (stage < _model.Layers % _plan.Pipeline ? 1 : 0);
            for (; layer < last; layer++) seconds += Layer(layer, rows, shape);
            if (stage == 0) seconds += Elementwise(2, rows) + _engine.StepCpuSeconds + (Math.Ceiling((shape.Decodes.Count + shape.Chunks.Count) / (double)_plan.Data) * _engine.SequenceCpuSeconds);
            if (stage == _plan.Pipeline - 1) seconds += Head(samples);
            else seconds += _profile.PointToPointSeconds + Link(_plan.Devices).LatencySeconds + (rows * _model.Hidden * _a / LinkRate(_plan.Devices));
            total += seconds;
            SlowestStageSeconds = Math.Max(SlowestStageSeconds, seconds);
        }
        return total;
    }

    private double Layer(int layer, double rows, Shape shape)
    {
        int t = _plan.Tensor;
        double h = _model.Hidden;
        double heads = _model.Heads / t;
        double kvHeads = Math.Ceiling((double)_model.KvHeads / t);
        double d = _model.HeadWidth;
        double seconds = Elementwise(4, rows, h);
        double kvOut, qOut, valueOut;
        if (_model.Latent is { } m)
        {
            qOut = heads * (m.NopeWidth + m.RopeWidth);
            kvOut = m.KvRank + m.RopeWidth;
            valueOut = heads * m.ValueWidth;
            double absorbed = heads * (m.NopeWidth + m.ValueWidth);
            seconds += Product(h * m.QueryRank, rows, (h + m.QueryRank) * _a) + Product(m.QueryRank * qOut, rows, (m.QueryRank + qOut) * _a)
                + Product(h * kvOut, rows, (h + kvOut) * _a) + Product(m.KvRank * absorbed, rows, (m.KvRank + absorbed) * _a);
        }
        else
        {
            qOut = heads * d;
            kvOut = 2 * kvHeads * d;
            valueOut = heads * d;
            seconds += Product(h * (qOut + kvOut), rows, (h + qOut + kvOut) * _a);
        }
        double kvBytes = kvOut * deployment.Precision.BytesPerKvElement;
        seconds += Memory(rows * ((2 * (qOut + kvOut) * _a) + kvBytes)) + _profile.KernelSeconds;
        seconds += Product(valueOut * h, rows, (valueOut + h) * _a);
        seconds += Attention(_model.IsWindowed(layer) ? _model.Window!.Tokens : int.MaxValue, shape, kvBytes, heads / _model.Heads / _plan.Data);
        if (!_model.ParallelBlock) seconds += Elementwise(4, rows, h);
        bool exchanges = false;
        if (_model.HasExperts(layer)) seconds += Experts(rows, shape, out exchanges);
        else seconds += FeedForward(Math.Ceiling((double)_model.DenseFfnParameters / t), (double)_model.FfnWidth / t, rows);
        int reduces = (_model.ParallelBlock ? 1 : 2) - (exchanges ? 1 : 0);
        return seconds + (reduces * Collective(t, 2.0 * (t - 1) / t, rows * h * _a));
    }

    private double Attention(int window, Shape shape, double kvBytes, double headShare)
    {
        double peak = Peak * _profile.AttentionEfficiency;
        double seconds = 0;
        if (shape.Chunks.Count > 0)
        {
            double pairs = 0, tokens = 0, history = 0;
            foreach (PrefillChunk chunk in shape.Chunks)
            {
                for (int i = 1; i <= chunk.Tokens; i++) pairs += Math.Min(chunk.HistoryTokens + i, window);
                tokens += Math.Min(chunk.HistoryTokens, window - 1) + chunk.Tokens;
                history += chunk.HistoryTokens;
            }
            double compute = (pairs * _model.PrefillFlopsPerPair * headShare / peak)
                + (history * _model.HistoryFlopsPerToken * headShare / (Peak * _profile.GemmEfficiency));
            seconds += Math.Max(compute, Memory(tokens * kvBytes / _plan.Data)) + _profile.KernelSeconds;
        }
        if (shape.Decodes.Count > 0)
        {
            double context = shape.Decodes.Sum(d => (double)Math.Min(d.Context, window));
            double longest = Math.Min(shape.Decodes.Max(d => d.Context), window);
            double effective = context + (_profile.DecodeSkewFraction * ((shape.Decodes.Count * longest) - context));
            double pairs = window == int.MaxValue
                ? shape.Decodes.Sum(d => Enumerable.Range(0, d.Queries).Sum(q => (double)(d.Context - q)))
                : Math.Floor(context * shape.Decodes.Sum(d => d.Queries) / shape.Decodes.Count);
            double memory = effective * kvBytes / _plan.Data / (deployment.Device.MemoryBandwidth.Value * _profile.DecodeAttentionBandwidthFraction);
            seconds += Math.Max(memory, pairs * _model.DecodeFlopsPerPair * headShare / peak) + _profile.KernelSeconds;
        }
        return seconds;
    }

    private double Experts(double rows, Shape shape, out bool exchanges)
    {
        ExpertsSpec experts = _model.Experts!;
        int t = _plan.Tensor;
        double h = _model.Hidden;
        exchanges = _plan.Expert > 1 && _plan.Data > 1;
        bool spread = _plan.Expert > 1;
        long tokens = shape.Decodes.Sum(d => d.Queries) + shape.Chunks.Sum(c => c.Tokens);
        if (!spread) tokens = (long)Math.Ceiling((double)tokens / _plan.Data);
        int group = spread ? t * _plan.Data : t;
        double slices = (double)group / _plan.Expert;
        double touched = _model.ExpectedExperts(tokens) / _plan.Expert;
        double routedRows = spread ? rows * _plan.Data : rows;
        double visits = routedRows * experts.TopK / group * _profile.ExpertImbalance;
        double compute = visits * 2 * _model.ExpertParameters / (Peak * _profile.GemmEfficiency);
        double bytes = (touched * _model.ExpertParameters * _b / slices) + (visits * ((2 * h * slices) + (3 * experts.Width)) * _a);
        double seconds = Math.Max(compute, Memory(bytes)) + (2 * _profile.KernelSeconds);
        double routerCompute = rows * 2 * h * experts.Count / (Peak * _profile.GemmEfficiency);
        seconds += Math.Max(routerCompute, Memory((h * experts.Count * _a) + (rows * (h + experts.Count) * _a))) + (2 * _profile.KernelSeconds);
        if (experts.Shared > 0)
            seconds += FeedForward(Math.Ceiling((double)_model.SharedExpertParameters / t), (double)experts.Shared * experts.SharedWidth / t, rows);
        seconds += Elementwise(experts.TopK + 1, rows);
        if (exchanges) seconds += 2 * Collective(_plan.Expert, (_plan.Expert - 1.0) / _plan.Expert, rows * _plan.Expert * (1 - Math.Pow(1 - (1.0 / _plan.Expert), experts.TopK)) * h * _a / t);
        return seconds;
    }

    private double FeedForward(double parameters, double width, double rows)
    {
        double h = _model.Hidden;
        double parts = _model.Gated ? 3 : 2;
        double upWidth = (parts - 1) * width;
        return Product(parameters * (parts - 1) / parts, rows, (h + upWidth) * _a)
            + Memory(rows * (upWidth + width) * _a) + _profile.KernelSeconds
            + Product(parameters / parts, rows, (width + h) * _a);
    }

    private double Head(double samples)
    {
        if (samples == 0) return 0;
        int t = _plan.Tensor;
        double h = _model.Hidden;
        double vocabulary = (double)_model.Vocabulary / t;
        double parameters = Math.Ceiling((double)_model.EmbeddingParameters / t);
        double compute = samples * 2 * parameters / (Peak * _profile.GemmEfficiency);
        return Elementwise(4, samples, h)
            + Math.Max(compute, Memory((parameters * _a) + (samples * (h + vocabulary) * _a))) + _profile.KernelSeconds
            + Memory(samples * 4 * _model.Vocabulary) + (2 * _profile.KernelSeconds)
            + Collective(t, (t - 1.0) / t, samples * _model.Vocabulary * _a);
    }

    private double Product(double parameters, double rows, double bytesPerRow) =>
        Math.Max(2 * parameters * rows / (Peak * _profile.GemmEfficiency), Memory((parameters * _b) + (rows * bytesPerRow))) + _profile.KernelSeconds;

    private double Elementwise(double copies, double rows, double fixedElements = 0) =>
        Memory((fixedElements * _a) + (rows * copies * _model.Hidden * _a)) + _profile.KernelSeconds;

    private double Memory(double bytes) => bytes / (deployment.Device.MemoryBandwidth.Value * _profile.MemoryBandwidthFraction);

    private double Collective(int devices, double share, double bytes) => devices == 1
        ? 0
        : _profile.CollectiveFloorSeconds + (Link(devices).LatencySeconds * Math.Ceiling(Math.Log2(devices))) + (share * bytes / LinkRate(devices));

    private NetworkLink Link(int devices) => devices <= deployment.Interconnect.DevicesPerMachine ? deployment.Interconnect.Local : deployment.Interconnect.Remote;

    private double LinkRate(int devices) => Link(devices).Bandwidth.Value * _profile.LinkFraction;

    private double Peak => deployment.Device.PeakRate(deployment.Precision.Activations)!.Value.Value;

    private double Padded(int tokens)
    {
        int local = (int)Math.Ceiling((double)tokens / _plan.Data);
        if (local > 4 && local <= 512) while (local % 8 != 0) local++;
        if (local == 3) local = 4;
        if (local > 128) while (local % 128 != 0) local++;
        return local;
    }
}
