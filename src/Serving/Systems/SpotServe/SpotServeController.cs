using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>
/// SpotServe: another configuration at every change, mapped onto what GPUs hold, with just enough time left to move weights and KV, so
/// that interrupted requests go on at the token where they stopped.
/// </summary>
/// <remarks>Miao et al., ASPLOS 2024, section 3 and 4; order of the steps as in the artefact (b).</remarks>
internal sealed class SpotServeController(SpotCluster cluster) : SpotController(cluster)
{
    private Configuration? _fixed;
    private Configuration? _current;
    private Layout? _layout;

    protected override bool Merges => true;

    private AblationLevel Level => Cluster.Options.Level;

    private MigrationRules Rules => new(
        Deal: Level > AblationLevel.Plain, MovesKv: Level >= AblationLevel.Cache,
        Tolerance: Level >= AblationLevel.Overlap ? Cluster.Options.Tolerance : double.PositiveInfinity);

    protected override void Start()
    {
        _current = Next();
        Cluster.Want(_current?.Replicas ?? 0);
        if (_current is null) return;
        _layout = Cluster.Mapper.InOrder(_current, Machines);
        for (int i = 0; i < _current.Replicas; i++) Cluster.Replicas.Add(NewReplica(_layout, i, Instant.Zero));
    }

    protected override async ValueTask Answer(SpotNotice notice)
    {
        Configuration? next = Next();
        bool loses = _layout is not null && _layout.Gpus.Any(gpu => notice.Removed.Contains(Cluster.MachineOf(gpu)));
        Instant deadline = loses ? notice.Deadline : Instant.Never;
        if (next is null)
        {
            await StopServing(InterruptionArranger.StopAt(Cluster.Clock.Now, deadline, Instant.Zero, Cluster.Options.Overhead));
            return;
        }
        if (_current is not null && !loses && IsWhole())
        {
            if (next.LaidOutLike(_current))
            {
                // Other micro-batches alone stop nothing.
                foreach (ServingReplica replica in Cluster.Replicas) replica.Shape = next;
                _current = next;
                return;
            }
            if (Level >= AblationLevel.Overlap && next.CutsLike(_current) && next.Replicas > _current.Replicas)
            {
                await Cluster.Clock.Until(notice.Ready, Phase.React);
                if (IsWhole())
                {
                    Extend(next);
                    return;
                }
            }
        }
        await Switch(next, notice, deadline);
    }

    private Configuration? Next()
    {
        if (Level == AblationLevel.Full) return Wanted();
        // Ablations keep the first configuration and change the number of replicas alone (b).
        _fixed ??= Wanted();
        int replicas = _fixed is null ? 0 : Machines.Count * Cluster.Options.GpusPerMachine / _fixed.GpusPerReplica;
        return replicas == 0 ? null : _fixed! with { Replicas = replicas };
    }

    private bool IsWhole() => Cluster.Replicas.Count == _current!.Replicas;

    private async ValueTask StopServing(Instant at)
    {
        await ServeUntil(at, Cluster.Replicas);
        int restarted = Cluster.Replicas.Count(Cluster.StopAndReturn);
        Cluster.Replicas.Clear();
        Cluster.ServiceChanged();
        _current = null;
        _layout = _layout?.Without(gpu => !Machines.Contains(Cluster.MachineOf(gpu)));
        Cluster.Want(0);
        Cluster.Log(new SpotSwitch(Cluster.Clock.Now, Machines.Count, "none", 0, restarted, 0, 0, 0));
    }

    private async ValueTask Switch(Configuration next, SpotNotice notice, Instant deadline)
    {
        Layout held = Held();
        (Layout target, Continuation kept) = Map(held, next);
        MigrationPlan plan = Cluster.Planner.Plan(held, target, IsDying, kept, Rules);
        Duration cost = Duration.FromSeconds(plan.EstimateSeconds) + Cluster.Options.Overhead;
        await ServeUntil(InterruptionArranger.StopAt(Cluster.Clock.Now, deadline, notice.Ready, cost), Cluster.Replicas);

        Instant stoppedAt = Cluster.Clock.Now;
        // Machines that come are not there before their time, whatever the deadline of others.
        Duration late = Duration.Max(Duration.Zero, Instant.Max(notice.Ready, stoppedAt) - stoppedAt);
        held = Held();
        SpotBatch?[] batches = StopAll(held);
        (target, kept) = Map(held, next, batches);
        plan = Cluster.Planner.Plan(held, target, IsDying, kept, Rules);
        if (!deadline.IsNever && stoppedAt + late + Cluster.Options.Overhead + Duration.FromSeconds(plan.LastDyingSeconds) > deadline)
        {
            // What lies on machines that go cannot leave in time.
            held = held.Without(IsDying);
            for (int i = 0; i < batches.Length; i++)
                if (batches[i] is not null && !MigrationPlanner.HasKv(held, i)) GiveUp(batches, i);
            (target, kept) = Map(held, next, batches);
            plan = Cluster.Planner.Plan(held, target, IsDying, kept, Rules);
        }
        StartAll(next, target, kept, plan, batches, stoppedAt, stoppedAt + late + Cluster.Options.Overhead);
    }

    private void StartAll(Configuration next, Layout target, Continuation kept, MigrationPlan plan, SpotBatch?[] batches, Instant stoppedAt, Instant from)
    {
        double[][] arrivals = plan.ArrivalSeconds(target, Cluster.Profile.PaddedLayers);
        bool overlaps = Level >= AblationLevel.Overlap;
        double stopped = 0;
        for (int i = 0; i < next.Replicas; i++)
        {
            int old = kept.OldReplica[i];
            SpotBatch? batch = old < batches.Length ? batches[old] : null;
            if (batch is not null) batches[old] = null;
            Instant readyAt = from + Duration.FromSeconds(overlaps ? arrivals[i][0] : plan.LastSeconds);
            ServingReplica replica = NewReplica(target, i, readyAt, overlaps ? Absolute(arrivals[i], from) : null, batch);
            stopped += (replica.ServesFrom - stoppedAt).Seconds;
            Cluster.Replicas.Add(replica);
        }
        int lost = 0;
        for (int i = 0; i < batches.Length; i++)
        {
            if (batches[i] is null) continue;
            lost++;
            GiveUp(batches, i);
        }
        _current = next;
        _layout = target;
        Cluster.Want(next.Replicas);
        Cluster.Log(new SpotSwitch(stoppedAt, Machines.Count, next.ToString(), kept.LiveBatch.Count(live => live > 0) - lost, lost, stopped / next.Replicas, plan.MovedBytes, plan.LoadedBytes));
    }

    private void Extend(Configuration next)
    {
        Layout target = Cluster.Mapper.Extend(_layout!, next, [.. Machines]);
        Continuation kept = new([.. Enumerable.Range(0, next.Replicas)], new int[_current!.Replicas], Cluster.ContextTokens);
        MigrationPlan plan = Cluster.Planner.Plan(_layout!, target, static _ => false, kept, Rules);
        double[][] arrivals = plan.ArrivalSeconds(target, Cluster.Profile.PaddedLayers);
        Instant from = Cluster.Clock.Now + Cluster.Options.Overhead;
        foreach (ServingReplica replica in Cluster.Replicas) replica.Shape = next;
        for (int i = _current.Replicas; i < next.Replicas; i++)
            Cluster.Replicas.Add(NewReplica(target, i, from + Duration.FromSeconds(arrivals[i][0]), Absolute(arrivals[i], from)));
        _current = next;
        _layout = target;
        Cluster.Want(next.Replicas);
        Cluster.Log(new SpotSwitch(Cluster.Clock.Now, Machines.Count, next.ToString(), 0, 0, 0, plan.MovedBytes, plan.LoadedBytes));
    }

    /// <summary>What GPUs hold that are still there.</summary>
    private Layout Held() => _layout?.Without(Cluster.IsGone) ?? new Layout(Next()!);

    private bool IsDying(int gpu) => !Machines.Contains(Cluster.MachineOf(gpu));

    private (Layout Target, Continuation Kept) Map(Layout held, Configuration next, SpotBatch?[]? batches = null)
    {
        int before = _current?.Replicas ?? 0;
        // Before the stop nobody knows who will carry what: every replica counts as full (b).
        int[] live = new int[before];
        for (int i = 0; i < before && Rules.MovesKv; i++) live[i] = batches is null ? Cluster.Options.Batch : batches[i]?.Requests.Count ?? 0;
        int?[] tokens = [.. Enumerable.Range(0, before).Select(i => live[i] > 0 ? batches?[i]?.Tokens ?? 0 : (int?)null)];
        Continuation kept = new(Continuation.Keep(tokens, next.Replicas), live, Cluster.ContextTokens);
        Layout stays = held.Without(IsDying);
        Layout target = Level == AblationLevel.Plain ? Cluster.Mapper.InOrder(next, Machines) : Cluster.Mapper.Match(stays, next, [.. Machines], kept);
        return (target, kept);
    }

    /// <summary>Stops every replica.</summary>
    /// <returns>For each replica of the present configuration the batch that can go on; the others wait again.</returns>
    private SpotBatch?[] StopAll(Layout held)
    {
        var batches = new SpotBatch?[_current?.Replicas ?? 0];
        foreach (ServingReplica replica in Cluster.Replicas)
        {
            SpotBatch? batch = replica.Stop();
            if (batch is null) continue;
            if (Rules.MovesKv && batch.PromptDone && MigrationPlanner.HasKv(held, replica.Number)) batches[replica.Number] = batch;
            else Cluster.Requests.Return(batch);
        }
        Cluster.Replicas.Clear();
        Cluster.ServiceChanged();
        return batches;
    }

    private void GiveUp(SpotBatch?[] batches, int replica)
    {
        Cluster.Requests.Return(batches[replica]!);
        batches[replica] = null;
    }

    private static LayerArrivals Absolute(double[] seconds, Instant from) => new([.. seconds.Select(value => from.Seconds + value)]);
}
