using Orrery.Kernel.Units;
using Orrery.World.Models;

namespace Orrery.World.Deployments;

/// <summary>Parameters and bytes that one device of a replica holds, per part of a layer and per stage.</summary>
/// <remarks>
/// Tensor parallelism cuts heads, feed-forward columns and the vocabulary. With fewer KV heads than devices the KV heads are replicated:
/// ceil(K/t) per device. The low-rank entry projections and the cache of latent attention, the norms and the routers are held whole.
/// </remarks>
public sealed class ShardSizes
{
    private readonly ModelSpec _model;
    private readonly ParallelPlan _parallel;
    private readonly PrecisionPlan _precision;

    internal ShardSizes(ModelSpec model, ParallelPlan parallel, PrecisionPlan precision)
    {
        _model = model;
        _parallel = parallel;
        _precision = precision;
        int t = parallel.Tensor;
        Heads = model.Heads / t;
        KvHeads = Ceiling(model.KvHeads, t);
        QkvParameters = model.Latent is { } latent
            ? LatentQkv(latent)
            : (long)model.Hidden * model.HeadWidth * ((Heads * (model.OutputGate ? 2L : 1L)) + (2L * KvHeads));
        OutputParameters = model.OutputParameters / t;
        DenseFfnParameters = Ceiling(model.DenseFfnParameters, t);
        SharedExpertParameters = Ceiling(model.SharedExpertParameters, t);
        RoutedExpertParameters = model.Experts is { } experts ? Ceiling(experts.Count * model.ExpertParameters, parallel.ExpertGroup) : 0;
        EmbeddingParameters = Ceiling(model.EmbeddingParameters, t);
        double kvElements = model.Latent is null ? 2.0 * KvHeads * model.HeadWidth : model.KvElementsPerLayer;
        KvBytesPerTokenLayer = (long)(kvElements * precision.BytesPerKvElement);
    }

    /// <summary>Query heads of a device.</summary>
    public int Heads { get; }

    /// <summary>KV heads of a device, at least one.</summary>
    public int KvHeads { get; }

    /// <summary>Query, key and value projections of a layer.</summary>
    public long QkvParameters { get; }

    /// <summary>Output projection of a layer.</summary>
    public long OutputParameters { get; }

    /// <summary>Dense feed-forward part of a layer.</summary>
    public long DenseFfnParameters { get; }

    /// <summary>Shared experts of a layer.</summary>
    public long SharedExpertParameters { get; }

    /// <summary>Routed experts of a layer.</summary>
    public long RoutedExpertParameters { get; }

    /// <summary>The device's part of one embedding matrix.</summary>
    public long EmbeddingParameters { get; }

    /// <summary>KV bytes of one token and layer on one device.</summary>
    public long KvBytesPerTokenLayer { get; }

    /// <summary>KV bytes of one token on a device of a stage, every layer in full (no window taken into account).</summary>
    public Bytes KvBytesPerToken(int stage) => new(KvBytesPerTokenLayer * _parallel.StageLayers(_model.Layers, stage));

    /// <summary>Weights that a device of a stage holds.</summary>
    public Bytes WeightBytes(int stage)
    {
        int layers = _parallel.StageLayers(_model.Layers, stage);
        int start = _parallel.StageStart(_model.Layers, stage);
        int expertLayers = 0;
        for (int layer = start; layer < start + layers; layer++)
            if (_model.HasExperts(layer)) expertLayers++;

        double linear = (layers * (double)(QkvParameters + OutputParameters))
            + ((layers - expertLayers) * (double)DenseFfnParameters)
            + (expertLayers * (double)(SharedExpertParameters + RoutedExpertParameters));
        double plain = (layers * (double)_model.NormParameters) + (expertLayers * (double)_model.RouterParameters);
        bool first = stage == 0;
        bool last = stage == _parallel.Pipeline - 1;
        if (first) plain += EmbeddingParameters + _model.PositionParameters;
        if (last && !(first && _model.TiedEmbeddings)) plain += EmbeddingParameters;
        return new((long)Math.Ceiling((linear * _precision.BytesPerWeight) + (plain * _precision.BytesPerActivation)));
    }

    private long LatentQkv(LatentAttention latent)
    {
        long perHead = (long)Heads * (latent.NopeWidth + latent.RopeWidth);
        long query = latent.QueryRank > 0 ? ((long)_model.Hidden * latent.QueryRank) + (latent.QueryRank * perHead) : _model.Hidden * perHead;
        long down = (long)_model.Hidden * (latent.KvRank + latent.RopeWidth);
        long up = (long)latent.KvRank * Heads * (latent.NopeWidth + latent.ValueWidth);
        return query + down + up;
    }

    private static int Ceiling(int value, int parts) => (value + parts - 1) / parts;

    private static long Ceiling(long value, int parts) => (value + parts - 1) / parts;
}
