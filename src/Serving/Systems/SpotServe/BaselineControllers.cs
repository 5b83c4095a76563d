using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>
/// Reparallelisation: the same planner, and every change restarts all engines: weights come from storage, live requests start again.
/// </summary>
/// <remarks>Baseline of SpotServe, as its artefact runs it (b): engines serve until half a second before machines go.</remarks>
internal sealed class ReparallelisationController(SpotCluster cluster) : SpotController(cluster)
{
    private Configuration? _current;
    private Layout? _layout;

    protected override void Start()
    {
        _current = Wanted();
        Cluster.Want(_current?.Replicas ?? 0);
        if (_current is null) return;
        _layout = Cluster.Mapper.InOrder(_current, Machines);
        for (int i = 0; i < _current.Replicas; i++) Cluster.Replicas.Add(NewReplica(_layout, i, Instant.Zero));
    }

    protected override async ValueTask Answer(SpotNotice notice)
    {
        Configuration? next = Wanted();
        bool loses = _layout is not null && _layout.Gpus.Any(gpu => notice.Removed.Contains(Cluster.MachineOf(gpu)));
        if (!loses && Equals(next, _current)) return;
        Instant deadline = loses ? notice.Deadline : Instant.Never;
        await ServeUntil(InterruptionArranger.StopAt(Cluster.Clock.Now, deadline, notice.Ready, Cluster.Options.Overhead), Cluster.Replicas);
        int restarted = Cluster.Replicas.Count(Cluster.StopAndReturn);
        Cluster.Replicas.Clear();
        Cluster.ServiceChanged();
        _current = next;
        _layout = next is null ? null : Cluster.Mapper.InOrder(next, Machines);
        Cluster.Want(next?.Replicas ?? 0);
        (Duration restart, long loaded) = _layout is null ? (Duration.Zero, 0) : Restart(_layout, _layout.Gpus);
        Instant stoppedAt = Cluster.Clock.Now, readyAt = Instant.Max(stoppedAt, notice.Ready) + restart;
        for (int i = 0; i < (next?.Replicas ?? 0); i++) Cluster.Replicas.Add(NewReplica(_layout!, i, readyAt));
        Cluster.Log(new SpotSwitch(stoppedAt, Machines.Count, next?.ToString() ?? "none", 0, restarted, (readyAt - stoppedAt).Seconds, 0, loaded));
    }
}

/// <summary>
/// Rerouting: one way to cut the model, chosen once for all; pipelines come and go with their machines, and requests of a lost
/// pipeline queue again for the others.
/// </summary>
/// <remarks>Baseline of SpotServe, as its artefact runs it (b): new pipelines start when their machines are there and load from storage.</remarks>
/// <param name="cluster">Where it acts.</param>
/// <param name="shape">The cut; its number of replicas is not used. Null where the cluster it is planned for cannot serve.</param>
internal sealed class ReroutingController(SpotCluster cluster, Configuration? shape) : SpotController(cluster)
{
    private readonly Dictionary<ServingReplica, int[]> _gpus = [];
    private int _started;

    protected override void Start() => StartPipelines(Instant.Zero, isCold: false);

    protected override async ValueTask Answer(SpotNotice notice)
    {
        ServingReplica[] doomed = [.. Cluster.Replicas.Where(replica => replica.Machines.Overlaps(notice.Removed))];
        if (doomed.Length > 0)
            await ServeUntil(InterruptionArranger.StopAt(Cluster.Clock.Now, notice.Deadline, notice.Ready, Cluster.Options.Overhead), doomed);
        int restarted = doomed.Count(Cluster.StopAndReturn);
        Instant stoppedAt = Cluster.Clock.Now;
        Cluster.Replicas.RemoveAll(doomed.Contains);
        Cluster.ServiceChanged();
        foreach (ServingReplica gone in _gpus.Keys.Where(replica => replica.IsStopped).ToArray()) _gpus.Remove(gone);
        Cluster.Dispatch();
        int before = _started;
        if (notice.Added.Count > 0) await Cluster.Clock.Until(notice.Ready, Phase.React);
        (Duration restart, long loaded) = StartPipelines(Cluster.Clock.Now, isCold: true);
        if (doomed.Length + _started - before == 0) return;
        string now = shape is null ? "none" : (shape with { Replicas = Cluster.Replicas.Count }).ToString();
        Instant at = doomed.Length > 0 ? stoppedAt : Cluster.Clock.Now;
        Cluster.Log(new SpotSwitch(at, Machines.Count, now, 0, restarted, doomed.Length == 0 ? 0 : restart.Seconds, 0, loaded));
    }

    private (Duration Restart, long Loaded) StartPipelines(Instant at, bool isCold)
    {
        if (shape is null) return (Duration.Zero, 0);
        HashSet<int> used = [.. _gpus.Where(pair => !pair.Key.IsStopped).SelectMany(pair => pair.Value)];
        int[] free = [.. Machines.Where(machine => !Cluster.Gone.Contains(machine)).SelectMany(Cluster.Mapper.GpusOf).Where(gpu => !used.Contains(gpu))];
        int count = free.Length / shape.GpusPerReplica;
        Layout layout = new(shape with { Replicas = count });
        int next = 0;
        foreach (Position position in Layout.PositionsOf(layout.Shape)) layout.Place(free[next++], position);
        (Duration restart, long loaded) = isCold ? Restart(layout, layout.Gpus) : (Duration.Zero, 0);
        for (int i = 0; i < count; i++)
        {
            ServingReplica replica = NewReplica(layout, i, at + restart);
            _gpus.Add(replica, [.. layout.GpusOf(i)]);
            Cluster.Replicas.Add(replica);
        }
        _started += count;
        Cluster.Want(Cluster.Replicas.Count);
        return (restart, loaded);
    }
}
