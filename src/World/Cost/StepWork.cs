using Orrery.World.Deployments;
using Orrery.World.Models;

namespace Orrery.World.Cost;

/// <summary>FLOP and device-memory bytes of a step over the whole device group, as whole numbers.</summary>
/// <remarks>Useful work only: padding and tile waste cost time but are not counted as FLOP.</remarks>
internal sealed class StepWork
{
    private readonly double _fixedBytes;
    private readonly double _headBytes;
    private readonly double _bytesPerToken;
    private readonly double _bytesPerSample;

    public StepWork(Deployment deployment, LayerOperators operators)
    {
        ModelSpec model = deployment.Model;
        ParallelPlan plan = deployment.Parallel;
        int devices = plan.StageDevices;
        FlopsPerToken = model.LinearFlopsPerToken;
        FlopsPerSample = model.LogitsFlopsPerToken;
        PrefillFlopsPerPair = model.PrefillFlopsPerPair;
        DecodeFlopsPerPair = model.DecodeFlopsPerPair;
        HistoryFlopsPerToken = model.Layers * model.HistoryFlopsPerToken;
        Windowed = model.WindowedLayers;
        Full = model.Layers - Windowed;
        Window = model.Window?.Tokens ?? int.MaxValue;
        KvBytesPerToken = deployment.Shards.KvBytesPerTokenLayer * plan.Tensor;

        int experts = model.ExpertLayers;
        int dense = model.Layers - experts;
        ReadOnlySpan<(IReadOnlyList<LinearOperator> Operators, int Layers)> parts =
            [(operators.Attention, model.Layers), (operators.DenseFfn, dense), (operators.ExpertFfn, experts), (operators.Embedding, 1)];
        foreach ((IReadOnlyList<LinearOperator> part, int layers) in parts)
        {
            foreach (LinearOperator op in part)
            {
                _fixedBytes += op.WeightBytes * layers * devices;
                _bytesPerToken += op.BytesPerRow * layers * plan.Tensor;
            }
        }
        foreach (LinearOperator op in operators.Head)
        {
            _headBytes += op.WeightBytes * devices;
            _bytesPerSample += op.BytesPerRow * plan.Tensor;
        }
        ExpertBytes = experts * devices;
    }

    public long FlopsPerToken { get; }

    public long FlopsPerSample { get; }

    public long PrefillFlopsPerPair { get; }

    public long DecodeFlopsPerPair { get; }

    public long HistoryFlopsPerToken { get; }

    public int Full { get; }

    public int Windowed { get; }

    public int Window { get; }

    /// <summary>KV bytes of one token and layer over the devices that hold it.</summary>
    public long KvBytesPerToken { get; }

    /// <summary>Layers with experts × devices of a stage: multiplies the routed bytes of one device and layer.</summary>
    public int ExpertBytes { get; }

    /// <summary>Bytes of weights and activations, which do not depend on contexts.</summary>
    public long LinearBytes(long tokens, long samples, double routedBytesPerDeviceLayer) => (long)Math.Round(
        _fixedBytes + (tokens * _bytesPerToken) + (samples > 0 ? _headBytes + (samples * _bytesPerSample) : 0)
        + (ExpertBytes * routedBytesPerDeviceLayer));
}
