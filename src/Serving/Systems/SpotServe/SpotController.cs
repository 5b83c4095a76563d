using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>What a controller is told: changes that it handles at once.</summary>
/// <param name="Ready">When all machines that come are there.</param>
/// <param name="Deadline">When the first machines go; <see cref="Instant.Never"/> where none goes.</param>
internal sealed record SpotNotice(Instant Ready, Instant Deadline, IReadOnlyList<int> Added, IReadOnlyList<int> Removed);

/// <summary>
/// Answers changes of the market one after the other. Every change is known a grace period before it happens (b); those that are
/// known when the answer to the one before is given are answered together.
/// </summary>
internal abstract class SpotController(SpotCluster cluster)
{
    private double _required;

    protected SpotCluster Cluster { get; } = cluster;

    /// <summary>Machines after all changes that are known, in order of their numbers.</summary>
    protected SortedSet<int> Machines { get; } = [];

    /// <summary>
    /// An addition and a removal soon after it are answered together, as in the artefact's scheduler (b). A removal and an addition after it
    /// are not: together they would wait for machines that come after the others have gone, with what those hold.
    /// </summary>
    protected virtual bool Merges => false;

    private Duration Grace => Cluster.Options.Grace;

    /// <summary>The process: all changes, the first of them the start.</summary>
    public async ValueTask Run(IReadOnlyList<MarketChange> changes)
    {
        Know(changes[0]);
        Start();
        for (int at = 1; at < changes.Count;)
        {
            await Cluster.Clock.Until(changes[at].At - Grace, Phase.React);
            List<MarketChange> together = [changes[at++]];
            while (at < changes.Count && (changes[at].At - Grace <= Cluster.Clock.Now || BelongsTo(together, changes[at]))) together.Add(changes[at++]);
            foreach (MarketChange change in together) Know(change);
            await Answer(Combine(together));
            Cluster.Dispatch();
        }
    }

    /// <summary>Serves from the first instant on: the first machines are there with all weights.</summary>
    protected abstract void Start();

    protected abstract ValueTask Answer(SpotNotice notice);

    /// <summary>What the planner asks for now; null when the machines are too few.</summary>
    protected Configuration? Wanted()
    {
        Configuration? planned = Cluster.Optimiser.Choose(Machines.Count * Cluster.Options.GpusPerMachine, _required, Cluster.AnswerTokens)?.Configuration;
        // The engine forms batches up to its own limit, whatever the planner's batch was (b).
        return planned is null ? null : planned with { Batch = Cluster.Options.Batch };
    }

    /// <summary>A new replica on its GPUs.</summary>
    protected ServingReplica NewReplica(Layout layout, int replica, Instant readyAt, LayerArrivals? arrivals = null, SpotBatch? batch = null) =>
        new(Cluster, replica, layout.Shape, layout.GpusOf(replica).Select(Cluster.MachineOf).ToHashSet(), readyAt, arrivals, batch);

    /// <summary>Bytes that each GPU of a position loads when nothing is there.</summary>
    protected long BytesOf(Position position, Configuration shape)
    {
        LayerProfile profile = Cluster.Profile;
        long layers = profile.PaddedLayers / shape.Stages * ((profile.LayerBytes / shape.Tensor) + profile.LayerReplicatedBytes);
        return layers + profile.EmbeddingBytes + (position.Stage == shape.Stages - 1 ? profile.HeadBytes : 0);
    }

    /// <summary>How long machines take to start their engines and load their GPUs' weights from storage: the slowest machine counts.</summary>
    protected (Duration Time, long Bytes) Restart(Layout layout, IEnumerable<int> gpus)
    {
        Dictionary<int, long> bytes = [];
        foreach (int gpu in gpus) bytes[Cluster.MachineOf(gpu)] = bytes.GetValueOrDefault(Cluster.MachineOf(gpu)) + BytesOf(layout.PositionOf(gpu)!.Value, layout.Shape);
        if (bytes.Count == 0) return (Duration.Zero, 0);
        return (Cluster.Options.Launch + Duration.FromSeconds(bytes.Values.Max() / Cluster.Options.Storage), bytes.Values.Sum());
    }

    /// <summary>Replicas stop at an instant; until then they serve, and start nothing that yields no token.</summary>
    protected async ValueTask ServeUntil(Instant stopAt, IEnumerable<ServingReplica> replicas)
    {
        foreach (ServingReplica replica in replicas) replica.StopAt = stopAt;
        await Cluster.Clock.Until(stopAt, Phase.React);
    }

    private void Know(MarketChange change)
    {
        Machines.UnionWith(change.Added);
        Machines.ExceptWith(change.Removed);
        _required = change.RequiredRate ?? _required;
    }

    private bool BelongsTo(List<MarketChange> together, MarketChange next) =>
        Merges && next.Removed.Count > 0 && together.All(change => change.Removed.Count == 0)
        && together.Any(change => change.Added.Count > 0) && next.At - together[0].At <= Cluster.Options.MergeWindow;

    private static SpotNotice Combine(List<MarketChange> together)
    {
        IEnumerable<MarketChange> adds = together.Where(change => change.Removed.Count == 0);
        IEnumerable<MarketChange> removes = together.Where(change => change.Removed.Count > 0);
        return new SpotNotice(
            adds.Any() ? adds.Max(change => change.At) : Instant.Zero,
            removes.Any() ? removes.Min(change => change.At) : Instant.Never,
            [.. together.SelectMany(change => change.Added)], [.. together.SelectMany(change => change.Removed)]);
    }
}
