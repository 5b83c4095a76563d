namespace Orrery.Serving.Systems.SpotServe;

/// <summary>A place in a configuration.</summary>
/// <param name="Replica">d, from 0.</param>
/// <param name="Stage">p, from 0.</param>
/// <param name="Rank">m, from 0: the tensor rank.</param>
public readonly record struct Position(int Replica, int Stage, int Rank);

/// <summary>Which GPU holds which part of the model. GPUs are numbered by machine: machine · GPUs of a machine + index.</summary>
/// <param name="shape">How the model is cut; its replicas are those of the layout, whole or not.</param>
public sealed class Layout(Configuration shape)
{
    private readonly SortedDictionary<int, Position> _positions = [];
    private readonly Dictionary<Position, int> _gpus = [];

    public Configuration Shape { get; } = shape;

    /// <summary>GPUs that hold a part, in order of their numbers.</summary>
    public IEnumerable<int> Gpus => _positions.Keys;

    public int Count => _positions.Count;

    /// <exception cref="ArgumentException">The GPU or the position is taken.</exception>
    public void Place(int gpu, Position position)
    {
        _positions.Add(gpu, position);
        _gpus.Add(position, gpu);
    }

    public Position? PositionOf(int gpu) => _positions.TryGetValue(gpu, out Position position) ? position : null;

    /// <summary>The GPU at a position; null where it is gone.</summary>
    public int? GpuAt(Position position) => _gpus.TryGetValue(position, out int gpu) ? gpu : null;

    /// <summary>GPUs of a replica.</summary>
    public IEnumerable<int> GpusOf(int replica) => _positions.Where(pair => pair.Value.Replica == replica).Select(pair => pair.Key);

    /// <summary>The same without some GPUs.</summary>
    public Layout Without(Func<int, bool> isGone)
    {
        ArgumentNullException.ThrowIfNull(isGone);
        Layout rest = new(Shape);
        foreach ((int gpu, Position position) in _positions)
            if (!isGone(gpu)) rest.Place(gpu, position);
        return rest;
    }

    /// <summary>Positions of a configuration, replica by replica, stage by stage, rank by rank.</summary>
    public static IEnumerable<Position> PositionsOf(Configuration shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        for (int replica = 0; replica < shape.Replicas; replica++)
            for (int stage = 0; stage < shape.Stages; stage++)
                for (int rank = 0; rank < shape.Tensor; rank++) yield return new Position(replica, stage, rank);
    }
}

/// <summary>Which replicas of the present go on as which of the next configuration, with the batch that each carries.</summary>
/// <param name="OldReplica">For each next replica the present one that it continues; numbers beyond the present ones mean a new replica.</param>
/// <param name="LiveBatch">For each present replica the requests of its interrupted batch; 0 where it has none or its KV is not kept.</param>
/// <param name="ContextTokens">Tokens that the KV buffers of a request hold: prompt and output.</param>
public sealed record Continuation(IReadOnlyList<int> OldReplica, IReadOnlyList<int> LiveBatch, int ContextTokens)
{
    /// <summary>Requests whose KV the next replica takes over from the present one; 0 for none.</summary>
    public int BatchKept(int oldReplica, int nextReplica) =>
        nextReplica < OldReplica.Count && OldReplica[nextReplica] == oldReplica && oldReplica < LiveBatch.Count ? LiveBatch[oldReplica] : 0;

    /// <summary>
    /// Which replicas go on: all with a batch, filled up in order; where fewer fit, those whose batches have generated most (b).
    /// </summary>
    /// <param name="tokensDone">For each present replica the tokens of its batch so far, or null where it has none.</param>
    /// <param name="next">Replicas of the next configuration.</param>
    /// <returns>For each next replica the number of a present one, rising; numbers from the present count on are new replicas.</returns>
    public static IReadOnlyList<int> Keep(IReadOnlyList<int?> tokensDone, int next)
    {
        ArgumentNullException.ThrowIfNull(tokensDone);
        List<int> live = [.. Enumerable.Range(0, tokensDone.Count).Where(i => tokensDone[i] is not null).OrderByDescending(i => tokensDone[i]).ThenBy(i => i).Take(next)];
        for (int i = 0; live.Count < next; i++)
            if (!live.Contains(i)) live.Add(i);
        live.Sort();
        return live;
    }
}
