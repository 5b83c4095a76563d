using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Fleets;

/// <summary>Replicas start, drain, stop and are taken away; requests that find none wait.</summary>
public sealed partial class Fleet
{
    private readonly List<FleetMember> _members = [];
    private readonly LinkedList<Sequence> _homeless = new();
    private readonly FleetView _arrivalView;
    private readonly FleetView _decodeView;
    private readonly FleetView _servingView;
    private readonly FleetView _controlView;

    private bool _isHousing;

    /// <summary>The provider may still give machines that are not here.</summary>
    private bool _capacityMayCome;

    /// <summary>Limit of the first replica that takes arrivals: what most requests are held to.</summary>
    private int _longest;

    /// <summary>The shortest limit of those that decode for others.</summary>
    private int _decodeLimit;

    /// <summary>Requests that wait because no replica serves.</summary>
    public int Homeless => _homeless.Count;

    /// <summary>When the last request arrived or left.</summary>
    public Instant LastRequest { get; private set; }

    /// <summary>Adds a replica whose machine is paid for from now on and that serves after its start-up.</summary>
    /// <param name="parts">Its index must be the next one.</param>
    /// <param name="startup">Until it serves.</param>
    /// <param name="isSpot">Its provider may take it back.</param>
    public FleetMember Start(ReplicaParts parts, Duration startup, BytesPerSecond? port = null, bool isSpot = false)
    {
        ArgumentNullException.ThrowIfNull(parts);
        Add(parts, port);
        FleetMember member = _members[^1];
        member.IsSpot = isSpot;
        member.State = MemberState.Starting;
        Regroup();
        Moves.Starts++;
        _clock.Spawn("a replica's start", () => Starting(member, startup), background: true);
        return member;
    }

    /// <summary>A replica takes nothing new and stops when it is empty.</summary>
    public void Drain(FleetMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.State is MemberState.Draining or MemberState.Stopped) return;
        bool served = member.State == MemberState.Serving;
        member.State = MemberState.Draining;
        Regroup();
        foreach (Sequence sequence in _handOvers.Forget(member.Replica.Index)) ChooseDecoder(sequence);
        if (!served) StopNow(member);
        else StopIfEmpty(member);
    }

    /// <summary>The provider takes a replica's machine back after a grace period: it drains, and who is left then loses its KV and goes elsewhere.</summary>
    /// <remarks>The step that runs when the grace ends is still counted; machines are paid for up to that end.</remarks>
    public void Withdraw(FleetMember member, Duration grace)
    {
        Drain(member);
        if (member.State != MemberState.Stopped) _clock.Spawn("a withdrawal", () => Withdrawn(member, grace), background: true);
    }

    private void Connect(FleetMember member, BytesPerSecond? port)
    {
        _links.Connect(member, port);
        member.Replica.Prefilled = OnPrefilled;
        member.Replica.Homeless = sequence => Rehome(member, sequence);
    }

    private void Regroup()
    {
        _arrivalView.Fill(_members, static member => member is { State: MemberState.Serving, TakesRequests: true, Role: not ReplicaRole.Decode });
        _decodeView.Fill(_members, static member => member is { State: MemberState.Serving, TakesRequests: true, Role: ReplicaRole.Decode });
        // Where nobody is there for decoding alone, mixed replicas do it.
        if (_decodeView.Count == 0) _decodeView.Fill(_members, static member => member is { State: MemberState.Serving, TakesRequests: true, Role: not ReplicaRole.Prefill });
        _servingView.Fill(_members, static member => member is { State: MemberState.Serving, TakesRequests: true });
        _controlView.Fill(_members, static member => member is { State: MemberState.Serving or MemberState.Draining, TakesRequests: true });
        Moves.MostServing = Math.Max(Moves.MostServing, _servingView.Count);
        if (_arrivalView.Count > 0) _longest = _arrivalView[0].Replica.MaxModelTokens;
        else if (_longest == 0 && _members.Count > 0) _longest = _members[0].Replica.MaxModelTokens;
        _decodeLimit = int.MaxValue;
        for (int i = 0; i < _decodeView.Count; i++) _decodeLimit = Math.Min(_decodeLimit, _decodeView[i].Replica.MaxModelTokens);
    }

    private async ValueTask Starting(FleetMember member, Duration startup)
    {
        await _clock.Delay(startup, Phase.React);
        if (member.State != MemberState.Starting) return;
        member.State = MemberState.Serving;
        Regroup();
        HouseAll();
        TurnAwayHopeless();
    }

    private async ValueTask Withdrawn(FleetMember member, Duration grace)
    {
        await _clock.Delay(grace, Phase.React);
        if (member.State == MemberState.Stopped) return;
        member.Replica.Stop();
        StopNow(member);
        _handOvers.Lose(member);
    }

    private void StopIfEmpty(FleetMember member)
    {
        if (member.State == MemberState.Draining && member.Replica.LiveRequests == 0) StopNow(member);
    }

    private void StopNow(FleetMember member)
    {
        member.Stopped(_clock.Now);
        Moves.Stops++;
        Regroup();
        _links.Break(member);
        TurnAwayHopeless();
    }

    /// <summary>A request whose machine has gone starts again elsewhere; the tokens that it gave stay given.</summary>
    private void Rehome(FleetMember from, Sequence sequence)
    {
        Moves.Evictions++;
        Moves.LostTokens += sequence.TotalTokens - 1;
        _router.Left(sequence);
        sequence.HandsOver = false;
        sequence.DecodeReplica = -1;
        sequence.Replica = -1;
        _homeless.AddLast(sequence);
        StopIfEmpty(from);
        if (!_isHousing) _clock.Spawn("a new place", House, background: true);
        _isHousing = true;
    }

    /// <summary>A moment later, when whoever plans at the instant has done so.</summary>
    private async ValueTask House()
    {
        await _clock.Delay(Duration.FromNanoseconds(1), Phase.React);
        _isHousing = false;
        HouseAll();
        TurnAwayHopeless();
        if (_homeless.Count > 0) AskForReplica();
    }

    private void HouseAll()
    {
        LinkedListNode<Sequence>? node = _homeless.First;
        while (node is not null && _arrivalView.Count > 0)
        {
            LinkedListNode<Sequence>? next = node.Next;
            if (TrySettle(node.Value)) _homeless.Remove(node);
            node = next;
        }
    }

    /// <summary>A request that lost its place may be longer than what the chosen replica holds: then the first that holds it takes it.</summary>
    private bool TrySettle(Sequence sequence)
    {
        (FleetMember member, int decode, bool handsOver) = Place(sequence);
        if (!Holds(member, sequence))
        {
            _router.Left(sequence);
            int other = FirstThatHolds(sequence);
            if (other < 0) return false;
            (member, decode, handsOver) = (_arrivalView[other], -1, _arrivalView[other].Role == ReplicaRole.Prefill);
        }
        sequence.HandsOver = handsOver;
        sequence.DecodeReplica = decode;
        Hand(sequence, member);
        return true;
    }

    private int FirstThatHolds(Sequence sequence)
    {
        for (int i = 0; i < _arrivalView.Count; i++)
            if (Holds(_arrivalView[i], sequence)) return i;
        return -1;
    }

    /// <summary>Whether a replica could serve a request to its end.</summary>
    private static bool Holds(FleetMember member, Sequence sequence) =>
        TooLong(sequence.Request, member.Replica.MaxModelTokens) is null && member.Replica.Refuses(sequence) is null;

    /// <summary>Requests that wait for a place are refused once none can come that holds them: nothing starts, and nobody starts anything.</summary>
    private void TurnAwayHopeless()
    {
        if (_homeless.Count == 0 || _capacityMayCome || _members.Exists(static member => member.State == MemberState.Starting)) return;
        if (_arrivalView.Count == 0 && _options.Scaling is not null) return;
        LinkedListNode<Sequence>? node = _homeless.First;
        while (node is not null)
        {
            LinkedListNode<Sequence>? next = node.Next;
            if (FirstThatHolds(node.Value) < 0)
            {
                _homeless.Remove(node);
                Reject(node.Value, _arrivalView.Count == 0 ? "no replica was left, and none was to come" : "the replicas that were left hold shorter sequences");
            }
            node = next;
        }
    }

    private Sequence WaitForReplica(Sequence sequence, Request request)
    {
        // Judged by the fleet as it was: nobody says what comes back.
        Replica known = _members[0].Replica;
        if ((TooLong(request, _longest) ?? known.Refuses(sequence)) is { } reason)
        {
            Reject(sequence, reason);
            return sequence;
        }
        _deadlines.Watch(sequence);
        _homeless.AddLast(sequence);
        AskForReplica();
        TurnAwayHopeless();
        return sequence;
    }

    /// <summary>A request that waits for any replica leaves at once.</summary>
    private bool LeavesQueue(Sequence sequence, Outcome outcome)
    {
        if (sequence.Replica >= 0) return false;
        _homeless.Remove(sequence);
        sequence.CancelledAt = _clock.Now;
        sequence.Outcome = outcome;
        sequence.End = _clock.Now;
        Metrics.Left(sequence);
        ((IServingObserver)this).Left(sequence);
        return true;
    }

    private void OnPrefilled(Sequence sequence, bool leaves)
    {
        if (!leaves) _router.Prefilled(sequence);
        else _handOvers.Prefilled(sequence);
    }

    private void SendToDecoder(Sequence sequence)
    {
        if (sequence.DecodeReplica >= 0 && _members[sequence.DecodeReplica].State == MemberState.Serving) _handOvers.Begin(sequence, sequence.DecodeReplica);
        else ChooseDecoder(sequence);
    }

    private void ChooseDecoder(Sequence sequence)
    {
        if (_decodeView.Count == 0)
        {
            // Nobody else is there: it decodes where its prompt was read.
            sequence.HandsOver = false;
            _replicas[sequence.Replica].Reattach(sequence);
            return;
        }
        int index = _decodeView.Count == 1 ? 0 : _router.ChooseDecode(sequence, _decodeView);
        if ((uint)index >= (uint)_decodeView.Count) throw new InvalidOperationException($"the router chose replica {index} of {_decodeView.Count} to decode");
        FleetMember target = _decodeView[index];
        sequence.DecodeReplica = target.Replica.Index;
        if (target.Replica.Index == sequence.Replica)
        {
            sequence.HandsOver = false;
            target.Replica.Reattach(sequence);
            return;
        }
        target.SentSince++;
        _handOvers.Begin(sequence, target.Replica.Index);
    }
}
