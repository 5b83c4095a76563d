using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>One running copy of the model: a process that takes one static batch at a time through its prompt and its tokens.</summary>
internal sealed class ServingReplica
{
    private readonly SpotCluster _cluster;
    private readonly Signal _given;
    private readonly Process _process;
    private readonly Process _opening;
    private LayerArrivals? _arrivals;

    /// <param name="cluster">Where it stands.</param>
    /// <param name="number">Its place in the layout.</param>
    /// <param name="shape">How it is cut and batched.</param>
    /// <param name="machines">All that it needs.</param>
    /// <param name="readyAt">When it takes work.</param>
    /// <param name="arrivals">When its layers come, where it starts before they are all there.</param>
    /// <param name="batch">An interrupted batch to go on with.</param>
    public ServingReplica(
        SpotCluster cluster, int number, Configuration shape, IReadOnlySet<int> machines, Instant readyAt, LayerArrivals? arrivals, SpotBatch? batch)
    {
        _cluster = cluster;
        Number = number;
        Shape = shape;
        Machines = machines;
        _arrivals = arrivals;
        Batch = batch;
        _given = new Signal(cluster.Clock, "a batch");
        Duration token = Duration.FromSeconds(cluster.Optimiser.Times(shape, batch?.Requests.Count ?? 1).TokenSeconds);
        ServesFrom = arrivals is null ? readyAt : arrivals.EndOf(readyAt, token) - token;
        _process = cluster.Clock.Spawn("replica", () => Live(readyAt), background: true);
        _opening = cluster.Clock.Spawn("opening", Open, background: true);
    }

    /// <summary>When it loses no more time: with layers on their way, the first token waits for the last of them.</summary>
    public Instant ServesFrom { get; }

    /// <summary>It is past <see cref="ServesFrom"/> and was not stopped.</summary>
    public bool Serves { get; private set; }

    public int Number { get; }

    /// <summary>Micro-batches may change between batches.</summary>
    public Configuration Shape { get; set; }

    public IReadOnlySet<int> Machines { get; }

    public SpotBatch? Batch { get; private set; }

    public bool IsReady { get; private set; }

    public bool IsStopped { get; private set; }

    /// <summary>When it will be stopped, so that nothing starts that cannot yield a token before.</summary>
    public Instant StopAt { get; set; } = Instant.Never;

    public bool TakesWork => IsReady && !IsStopped && Batch is null;

    public void Give(SpotBatch batch)
    {
        Batch = batch;
        _given.Set();
    }

    /// <summary>Ends it. The token in the making is lost, all before it are committed.</summary>
    /// <returns>The batch it had.</returns>
    public SpotBatch? Stop()
    {
        if (IsStopped) return null;
        SpotBatch? batch = Batch;
        Batch = null;
        IsStopped = true;
        IsReady = false;
        Serves = false;
        _process.Cancel();
        _opening.Cancel();
        return batch;
    }

    private async ValueTask Open()
    {
        await _cluster.Clock.Until(ServesFrom);
        Serves = true;
        _cluster.ServiceChanged();
    }

    private async ValueTask Live(Instant readyAt)
    {
        await _cluster.Clock.Until(readyAt);
        IsReady = true;
        _cluster.Dispatch();
        while (true)
        {
            while (Batch is null) await _given.Wait();
            SpotBatch batch = Batch;
            BatchTimes times = _cluster.Optimiser.Times(Shape, batch.Requests.Count);
            Duration token = Duration.FromSeconds(times.TokenSeconds);
            if (!batch.PromptDone)
            {
                await _cluster.Clock.Until(EndOf(Duration.FromSeconds(times.PromptSeconds)));
                _cluster.Requests.PromptDone(batch);
            }
            while (batch.Tokens < _cluster.AnswerTokens)
            {
                await _cluster.Clock.Until(EndOf(token));
                _cluster.Requests.TokenDone(batch, _cluster.Clock.Now);
            }
            Batch = null;
            _cluster.Dispatch();
        }
    }

    private Instant EndOf(Duration work)
    {
        Instant now = _cluster.Clock.Now;
        if (_arrivals is null) return now + work;
        Instant end = _arrivals.EndOf(now, work);
        if (end == now + work) _arrivals = null;
        return end;
    }
}
