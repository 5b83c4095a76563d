using Orrery.Kernel.Time;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Replicas;

/// <summary>
/// Sequences that move between replicas with their KV. Memory changes hands at once, also in the middle of a run of steps: what the run has
/// taken so far is settled first and the run is cut, so that single steps see the same. A sequence leaves its scheduler only between steps.
/// </summary>
public sealed partial class Replica
{
    private readonly List<Sequence> _residents = [];
    private readonly List<Sequence> _prefilled = [];
    private readonly List<Sequence> _visitors = [];
    private readonly List<(Sequence Sequence, Action<bool> Then)> _detaching = [];

    /// <summary>Sequences here that are in no queue and no running set, because their KV is on its way elsewhere.</summary>
    private int _moving;

    /// <summary>Blocks set aside for sequences on their way here.</summary>
    private int _reservedBlocks;

    /// <summary>What <see cref="TakeCensus"/> found last, and whether residents came, went, began or waited since.</summary>
    private ReplicaReport _census;
    private bool _censusIsOld = true;

    /// <summary>Steps of the run in flight whose memory the counters have.</summary>
    private int _countedSteps;

    /// <summary>Requests here that have not left, in no order that means anything.</summary>
    public IReadOnlyList<Sequence> Residents => _residents;

    /// <summary>Blocks of sequences that came with their KV and have not been planned yet.</summary>
    public long QueuedKvBlocks
    {
        get
        {
            long blocks = 0;
            foreach (Sequence sequence in _visitors) blocks += sequence.KvBlocks;
            foreach (Sequence sequence in _queueWithKv)
                if (sequence is { QueuesWithKv: true, Outcome: Outcome.Live } && sequence.Replica == Index) blocks += sequence.KvBlocks;
            return blocks;
        }
    }

    /// <summary>Told of each sequence that gets its first token here, and of those that shall go elsewhere now; set by the fleet.</summary>
    internal Action<Sequence, bool>? Prefilled { get; set; }

    /// <summary>Told when memory may have become free, or a visitor has found its place; only while somebody waits for that. Set by the fleet.</summary>
    internal Action? RoomChanged { get; set; }

    /// <summary>Takes a paused or returning sequence of a replica that has stopped; set by the fleet.</summary>
    internal Action<Sequence>? Homeless { get; set; }

    /// <summary>Gives everybody up: no step starts any more.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Leading tokens of a sequence that have their KV at this instant, as single steps would have it.</summary>
    public int ComputedNow(Sequence sequence)
    {
        if (!IsRunningAhead || !sequence.InFlight) return sequence.ComputedTokens;
        return sequence.ComputedTokens + _runs[_oldest].EndedBy(_clock.Now);
    }

    /// <summary>What this replica would tell of itself at this instant.</summary>
    public ReplicaReport Report(bool isDraining)
    {
        if (_censusIsOld)
        {
            _census = TakeCensus();
            _censusIsOld = false;
        }
        return _census with
        {
            At = _clock.Now,
            IsDraining = isDraining,
            UsedBlocks = UsedBlocks,
            Running = RunningRequests,
            Waiting = WaitingRequests,
            LiveRequests = _live,
            LiveTokens = LiveTokens,
        };
    }

    /// <summary>The part of a report that looks at every resident; it stays what it is while steps repeat.</summary>
    internal ReplicaReport TakeCensus()
    {
        long waitingBlocks = 0;
        int preempted = 0;
        int urgent = 0;
        long prefill = 0;
        Sequence? first = null;
        foreach (Sequence sequence in _residents)
        {
            if (sequence.Priority < 0) urgent++;
            if (sequence.GeneratedTokens == 0) prefill += sequence.MissingTokens;
            // Whoever waits holds nothing; the paused do not wait for a place.
            if (sequence.KvBlocks > 0 || sequence.IsPaused || sequence.IsMoving) continue;
            waitingBlocks += _memory.BlocksFor(sequence.TotalTokens);
            if (sequence.Preemptions > 0) preempted++;
            if (first is null || (sequence.Arrival, sequence.Id).CompareTo((first.Arrival, first.Id)) < 0) first = sequence;
        }
        return new(_clock.Now)
        {
            BlockTokens = _memory.BlockTokens,
            TotalBlocks = _memory.TotalBlocks,
            WaitingBlocks = waitingBlocks,
            FirstWaitingBlocks = first is null ? 0 : _memory.BlocksFor(first.TotalTokens),
            PreemptedWaiting = preempted,
            UrgentRequests = urgent,
            PendingPrefillTokens = prefill,
        };
    }

    /// <summary>Sets memory aside for a sequence on its way here; false when there is too little.</summary>
    internal bool TryReserve(int blocks)
    {
        if (IsRunningAhead) TakeGrowthSoFar();
        SettleMemory();
        if (!_memory.TryReserve(blocks)) return false;
        _reservedBlocks += blocks;
        MemoryChanged(blocks);
        return true;
    }

    /// <summary>Gives memory back that was set aside for a sequence that will not come.</summary>
    internal void Unreserve(int blocks)
    {
        SettleMemory();
        _memory.Unreserve(blocks);
        _reservedBlocks -= blocks;
        MemoryChanged(-blocks);
    }

    /// <summary>
    /// Takes a sequence out of its scheduler when it is between two steps; its KV stays. The answer is false when it has left, was preempted, or waits
    /// for a tool by then.
    /// </summary>
    internal void Detach(Sequence sequence, Action<bool> then)
    {
        _detaching.Add((sequence, then));
        _needsPlan = true;
        if (!WakeToPlan()) CutRun();
    }

    /// <summary>A sequence whose KV has arrived elsewhere is forgotten here.</summary>
    internal void LetGo(Sequence sequence)
    {
        SettleMemory();
        int before = _memory.UsedBlocks;
        FreeMemory(sequence);
        RemoveResident(sequence);
        if (sequence.IsMoving) _moving--;
        sequence.IsMoving = false;
        _live--;
        _liveTokens -= sequence.TotalTokens;
        MemoryChanged(_memory.UsedBlocks - before);
    }

    /// <summary>A sequence is here with its KV, in memory that was set aside for it. It enters the scheduler at the next plan.</summary>
    /// <param name="sequence">Let go elsewhere.</param>
    /// <param name="blocks">What was set aside.</param>
    /// <param name="computedTokens">Leading tokens that came.</param>
    internal void Accept(Sequence sequence, int blocks, int computedTokens)
    {
        SettleMemory();
        int before = _memory.UsedBlocks;
        _memory.Unreserve(blocks);
        _reservedBlocks -= blocks;
        if (!_memory.TryGrow(sequence, computedTokens)) ThrowOvercommit(sequence);
        sequence.ComputedTokens = computedTokens;
        AddResident(sequence);
        _visitors.Add(sequence);
        MemoryChanged(_memory.UsedBlocks - before);
    }

    /// <summary>A sequence that was detached stays after all.</summary>
    internal void Reattach(Sequence sequence)
    {
        sequence.IsMoving = false;
        _moving--;
        _censusIsOld = true;
        _visitors.Add(sequence);
        _needsPlan = true;
        if (!WakeToPlan()) CutRun();
    }

    /// <summary>The machine is gone: whoever is here loses its KV and goes to the fleet, at the end of the step in flight.</summary>
    internal void Stop()
    {
        IsStopped = true;
        _needsPlan = true;
        if (!WakeToPlan()) CutRun();
    }

    private void AddResident(Sequence sequence)
    {
        sequence.Replica = Index;
        sequence.ResidentIndex = _residents.Count;
        _residents.Add(sequence);
        _live++;
        _liveTokens += sequence.TotalTokens;
        _needsPlan = true;
        _censusIsOld = true;
    }

    private void RemoveResident(Sequence sequence)
    {
        Sequence last = _residents[^1];
        _residents[sequence.ResidentIndex] = last;
        last.ResidentIndex = sequence.ResidentIndex;
        _residents.RemoveAt(_residents.Count - 1);
        sequence.ResidentIndex = -1;
        _censusIsOld = true;
    }

    /// <summary>Writes the memory that the run in flight has taken so far into the counters, before something else changes it.</summary>
    private void SettleMemory()
    {
        if (!IsRunningAhead) return;
        int planned = StepsPlannedSince();
        int used = _usedAtStart;
        ReadOnlySpan<long> ends = _runs[_oldest].Ends;
        for (int step = 1; step <= planned; step++)
        {
            used += _growth[(step - 1) % _growth.Length];
            if (step > _countedSteps) Counters.KvBlocks.Set(Instant.FromNanoseconds(ends[step - 1]), used);
        }
        _countedSteps = Math.Max(_countedSteps, planned);
    }

    private void MemoryChanged(int blocks)
    {
        if (IsRunningAhead) _usedAtStart += blocks;
        Counters.KvBlocks.Set(_clock.Now, UsedBlocks);
        _needsPlan = true;
        if (!WakeToPlan()) CutRun();
        if (blocks < 0) RoomChanged?.Invoke();
    }

    /// <summary>Between two steps: whoever came with its KV enters the scheduler, whoever shall go leaves it.</summary>
    private void Move()
    {
        foreach (Sequence sequence in _visitors)
        {
            if (sequence.Outcome != Outcome.Live) continue;
            sequence.QueuesWithKv = true;
            _queueWithKv.Add(sequence);
            _scheduler.Enqueue(sequence);
        }
        _visitors.Clear();
        int kept = 0;
        for (int i = 0; i < _detaching.Count; i++)
        {
            (Sequence sequence, Action<bool> then) = _detaching[i];
            if (sequence.InFlight && sequence.Outcome == Outcome.Live)
            {
                _detaching[kept++] = (sequence, then);
                continue;
            }
            bool stays = sequence.Outcome != Outcome.Live || sequence.Replica != Index || sequence.KvBlocks == 0 || sequence.IsPaused || sequence.IsOnHost || sequence.HasClientLeft;
            if (!stays) TakeOut(sequence);
            then(!stays);
        }
        _detaching.RemoveRange(kept, _detaching.Count - kept);
        if (IsStopped && _inFlight == 0) GiveEverybodyUp();
    }

    private void TakeOut(Sequence sequence)
    {
        _scheduler.Remove(sequence);
        sequence.QueuesWithKv = false;
        sequence.IsMoving = true;
        _moving++;
        _censusIsOld = true;
    }

    private void GiveEverybodyUp()
    {
        EndLingering();
        // Whoever waits for a tool goes when the answer is there; whoever is under way with its KV is let go by the mover.
        List<Sequence> all = _residents.FindAll(static sequence => !sequence.IsPaused && !sequence.IsMoving);
        all.Sort(static (a, b) => (a.Arrival, a.Id).CompareTo((b.Arrival, b.Id)));
        foreach (Sequence sequence in all)
        {
            if (!_inbox.Remove(sequence)) _scheduler.Remove(sequence);
            sequence.QueuesWithKv = false;
            if (sequence.KvBlocks > 0 || sequence.ComputedTokens > 0) sequence.Preemptions++;
            LetGo(sequence);
            sequence.ComputedTokens = 0;
            sequence.IsOnHost = false;
            sequence.MissedByDraft = 0;
            Homeless!(sequence);
        }
    }

    /// <summary>Sequences whose prompt is done and that shall decode elsewhere leave their scheduler with the step that gave the first token.</summary>
    private void SendPrefilled()
    {
        foreach (Sequence sequence in _prefilled)
        {
            if (sequence.Outcome != Outcome.Live || sequence.HasClientLeft) continue;
            TakeOut(sequence);
            Prefilled!(sequence, true);
        }
        _prefilled.Clear();
    }
}
