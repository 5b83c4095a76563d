using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Fleets;

/// <summary>What a fleet does beside serving arrivals where they were routed.</summary>
public sealed record FleetOptions
{
    public HandOverOptions HandOver { get; init; } = new();

    public LinkOptions Links { get; init; } = new();

    public ObservationOptions Observation { get; init; } = new();

    /// <summary>Moves running requests; null for nobody.</summary>
    public IRebalancer? Rebalancer { get; init; }

    /// <summary>Starts and stops replicas; null keeps what there is.</summary>
    public ScalingPlan? Scaling { get; init; }

    /// <summary>What the provider gives and takes; null: everything, always.</summary>
    public AvailabilityPlan? Availability { get; init; }
}

/// <summary>How replicas are added.</summary>
/// <param name="Create">The parts of the replica with a number.</param>
/// <param name="Startup">Its start-up.</param>
/// <param name="Weights">Bytes that it loads.</param>
/// <param name="Port">Bandwidth of its ports.</param>
/// <param name="Random">For start-up times.</param>
public sealed record ReplicaSupply(Func<int, ReplicaParts> Create, StartupOptions Startup, Bytes Weights, BytesPerSecond? Port, RandomStream Random);

/// <summary>An autoscaler with its bounds.</summary>
public sealed record ScalingPlan(IAutoscaler Autoscaler, ReplicaSupply Supply, int Min, int Max);

/// <summary>Capacity that comes and goes.</summary>
/// <param name="Trace">Replicas over time; the newest replicas of the start are its first level, those before them stay.</param>
/// <param name="Grace">From a notice to the loss: the notice comes this long before the time of the trace.</param>
/// <param name="Supply">How those that come are made.</param>
public sealed record AvailabilityPlan(CapacityTrace Trace, Duration Grace, ReplicaSupply Supply);

/// <summary>Controllers: they look at the fleet at intervals and act on it.</summary>
public sealed partial class Fleet
{
    private readonly FleetOptions _options;
    private readonly ReplicaLinks _links;
    private readonly HandOvers _handOvers;
    private readonly Migrations _migrations;
    private readonly List<(int From, int To)> _pairs = [];
    private Signal? _needsReplica;

    /// <summary>Machines that held the model and stopped: their memory may still have the weights.</summary>
    private int _warmMachines;

    private void StartControllers()
    {
        if (_options.Observation.IsLate) _clock.Spawn("reports", Observe, background: true);
        if (_options.Rebalancer is { } rebalancer) _clock.Spawn("rebalancer", () => Rebalance(rebalancer), background: true);
        if (_options.Availability is { } availability)
        {
            _capacityMayCome = true;
            _clock.Spawn("availability", () => Follow(availability), background: true);
        }
        if (_options.Scaling is not { } scaling) return;
        _needsReplica = new(_clock, "a request without a replica");
        _clock.Spawn("autoscaler", () => Scale(scaling), background: true);
    }

    private void AskForReplica() => _needsReplica?.Set(Phase.React);

    /// <summary>Replicas report at equal intervals; what they report is known after the delay.</summary>
    private async ValueTask Observe()
    {
        ObservationOptions late = _options.Observation;
        Queue<(Instant Known, List<(FleetMember Member, ReplicaReport Report)> Reports)> under = new();
        Instant next = _clock.Now;
        while (true)
        {
            Instant known = under.TryPeek(out (Instant Known, List<(FleetMember, ReplicaReport)>) first) ? first.Known : Instant.Never;
            await _clock.Until(Instant.Min(next, known), Phase.React);
            if (IsOver) return;
            if (next <= _clock.Now)
            {
                List<(FleetMember, ReplicaReport)> reports = [];
                foreach (FleetMember member in _members)
                    if (member.State is MemberState.Serving or MemberState.Draining) reports.Add((member, member.Replica.Report(member.State == MemberState.Draining)));
                under.Enqueue((_clock.Now + late.Delay, reports));
                next = _clock.Now + late.Interval;
            }
            while (under.TryPeek(out first) && first.Known <= _clock.Now) Learn(under.Dequeue().Reports);
        }
    }

    private static void Learn(List<(FleetMember Member, ReplicaReport Report)> reports)
    {
        foreach ((FleetMember member, ReplicaReport report) in reports)
        {
            member.Seen = report;
            member.SentSince = 0;
            member.SentTokensSince = 0;
        }
    }

    private async ValueTask Rebalance(IRebalancer rebalancer)
    {
        while (true)
        {
            await _clock.Delay(rebalancer.Interval, Phase.React);
            if (IsOver) return;
            _pairs.Clear();
            rebalancer.Pair(_controlView, _pairs);
            foreach ((int fromIndex, int toIndex) in _pairs)
            {
                FleetMember from = _controlView[fromIndex];
                FleetMember to = _controlView[toIndex];
                if (from.IsMigrating || to.IsMigrating || from == to || to.State != MemberState.Serving) continue;
                // Whoever reads prompts alone gives its sequences away by itself, and takes none.
                if (from.Role == ReplicaRole.Prefill || to.Role == ReplicaRole.Prefill) continue;
                if (rebalancer.Pick(from.Replica.Residents, from.Replica.ComputedNow) is not { } sequence) continue;
                if (sequence.Outcome != Outcome.Live || sequence.IsMoving || sequence.IsPaused || sequence.HandsOver || sequence.KvBlocks == 0 || !Holds(to, sequence)) continue;
                _migrations.Begin(sequence, from, to, rebalancer.Migration);
            }
        }
    }

    private async ValueTask Scale(ScalingPlan plan)
    {
        while (true)
        {
            await _needsReplica!.Wait(_clock.Now + plan.Autoscaler.Interval, Phase.React);
            if (IsOver) return;
            int starting = _members.Count(member => member.State == MemberState.Starting);
            int draining = _members.Count(member => member.State == MemberState.Draining);
            int wish = Math.Clamp(plan.Autoscaler.Desired(_servingView, new(starting, draining, _homeless.Count, LastRequest)), plan.Min, plan.Max);
            int have = _servingView.Count + starting;
            for (; have < wish; have++) Start(plan.Supply, isSpot: false);
            for (; have > wish; have--)
            {
                // The newest first, and one that has not begun to serve before all others.
                FleetMember victim = _members.FindLast(static member => member is { State: MemberState.Starting, TakesRequests: true })
                    ?? _members.Last(static member => member is { State: MemberState.Serving, TakesRequests: true });
                Drain(victim);
                _warmMachines++;
            }
        }
    }

    /// <summary>Each loss has a notice of its own, whatever comes or goes meanwhile; a machine that starts under a notice of its own has what is left of it.</summary>
    private async ValueTask Follow(AvailabilityPlan plan)
    {
        List<(Instant At, int Units, Instant Until)> events = [];
        int units = plan.Trace.FirstUnits;
        for (int i = Math.Max(0, _members.Count - units); i < _members.Count; i++) _members[i].IsSpot = true;
        foreach (CapacityChange change in plan.Trace.Changes.Skip(1))
        {
            Instant until = change.Units < units ? change.At : Instant.Never;
            events.Add((until.IsNever ? change.At : Instant.Max(_clock.Now, change.At - plan.Grace), change.Units - units, until));
            units = change.Units;
        }
        List<Instant> owed = [];
        foreach ((Instant at, int difference, Instant until) in events.OrderBy(one => one.At))
        {
            await _clock.Until(at, Phase.React);
            if (IsOver) return;
            for (int i = 0; i < difference; i++) Start(plan.Supply, isSpot: true);
            for (int i = 0; i < -difference; i++) owed.Add(until);
            while (owed.Count > 0 && _members.FindLast(static member => member is { IsSpot: true, State: MemberState.Serving or MemberState.Starting }) is { } victim)
            {
                Withdraw(victim, Duration.Max(Duration.Zero, owed[0] - _clock.Now));
                owed.RemoveAt(0);
            }
        }
        _capacityMayCome = false;
        TurnAwayHopeless();
    }

    private void Start(ReplicaSupply supply, bool isSpot)
    {
        int index = _members.Count;
        bool wasHere = !isSpot && _warmMachines > 0;
        if (wasHere) _warmMachines--;
        Start(supply.Create(index), supply.Startup.TimeOf(supply.Weights, wasHere, supply.Random, index), supply.Port, isSpot);
    }
}
