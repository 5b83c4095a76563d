using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Replicas;

public sealed partial class Replica
{
    /// <summary>
    /// Plan when a step may start, after everything else of the instant; then wait for the oldest step to end or for news.
    /// </summary>
    private async ValueTask Loop()
    {
        while (true)
        {
            if (_needsPlan && _inFlight < _runs.Length && _executor.ReadyAt <= _clock.Now)
            {
                if (!_clock.IsAloneNow) await _clock.Until(_clock.Now, Phase.Plan);
                PlanStep();
                continue;
            }
            await _wake.Wait(NextWake());
            EndSteps();
            if (EndCopies() || EndCalls()) NewsArrived();
            if (_retryAt <= _clock.Now)
            {
                _retryAt = Instant.Never;
                _needsPlan = true;
            }
        }
    }

    private Instant NextWake()
    {
        Instant wake = _retryAt;
        if (_inFlight > 0) wake = Instant.Min(wake, _runs[_oldest].LastEnd);
        if (_needsPlan && _inFlight < _runs.Length) wake = Instant.Min(wake, _executor.ReadyAt);
        if (_swap is not null) wake = Instant.Min(wake, _swap.NextEnd);
        if (_returns.TryPeek(out _, out (long Nanoseconds, long Id) next)) wake = Instant.Min(wake, Instant.FromNanoseconds(next.Nanoseconds));
        return wake;
    }

    private void PlanStep()
    {
        _needsPlan = false;
        _wake.Reset();
        StepRun run = _runs[(_oldest + _inFlight) % _runs.Length];
        StepPlan plan = run.Plan;
        _view.Now = _clock.Now;
        _view.RunningSequences = _scheduler.RunningCount;
        plan.Now = _clock.Now;
        // Before the inbox: a call may have begun and ended within one step.
        if (_paused.Count > 0) _calls.Review(_view, plan);
        TakeInbox(IsStopped ? _clock.Now : Known);
        Move();
        if (IsStopped) return;
        foreach (IPlanAddOn addOn in _addOns) addOn.Begin(_view);
        Fill(plan);
        if (plan.IsEmpty && IsKeptFromPlans)
        {
            plan.Clear();
            EndLingering();
            TakeInbox(_clock.Now);
            Fill(plan);
        }
        _censusIsOld = true;
        // Copies may end after the last departure, which is the end of the run.
        if (_live > 0) Counters.KvBlocks.Set(_clock.Now, _memory.UsedBlocks);
        if (plan.IsEmpty)
        {
            _retryAt = plan.RetryAt;
            _steps?.Planned(this, plan);
            plan.Clear();
            ThrowIfStuck();
            return;
        }
        Counters.Plans++;
        int horizon = FindHorizon(plan);
        EndLingering();
        long held = 0;
        long written = 0;
        foreach (ref readonly PlanItem item in plan.Items)
        {
            Sequence sequence = item.Sequence;
            sequence.InFlight = true;
            held += sequence.KvBlocks;
            written += sequence.ComputedTokens + item.Tokens;
            if (sequence.FirstScheduled.IsNever) FirstScheduled(sequence);
        }
        run.Begin(_clock.Now, horizon);
        _countedSteps = 0;
        _usedAtStart = _memory.UsedBlocks;
        _heldAtStart = held;
        _writtenAtStart = written;
        Counters.AddHeld(held * _memory.BlockTokens, written, plan.Items.Length);
        if (_inFlight++ == 0) Counters.BecomesBusy(_clock.Now);
        _view.InFlightSequences += plan.Items.Length;
        _steps?.Planned(this, plan);
        _executor.Start(run);
        _needsPlan = _inFlight < _runs.Length;
        RoomChanged?.Invoke();
    }

    private void Fill(StepPlan plan)
    {
        _scheduler.Plan(_view, plan);
        Counters.AddPreemptions(plan);
        while (plan.IsEmpty && (plan.PreemptedCount > 0 || plan.ReclaimedCount > 0 || (_inFlight == 0 && HasWork() && plan.TryReclaimPaused())))
        {
            // An engine that only evicted runs an empty step and decides again at once; each round frees memory, so this ends.
            plan.Clear();
            _scheduler.Plan(_view, plan);
            Counters.AddPreemptions(plan);
        }
        Duration decisions = plan.Delay;
        plan.SettleReturns(_view.LastStep);
        _view.Waiting = _scheduler.WaitingCount;
        foreach (IPlanAddOn addOn in _addOns)
            if (addOn.TakesMemory) addOn.Complete(_view, plan);
        if (plan.Items.Length > 0)
        {
            plan.SettleBlocks();
            Counters.SwapWait += plan.Delay - decisions;
            Counters.AddMemoryWait(plan.SettleMemory());
        }
        foreach (IPlanAddOn addOn in _addOns)
            if (!addOn.TakesMemory) addOn.Complete(_view, plan);
    }

    private bool HasWork() => _scheduler.WaitingCount + _scheduler.RunningCount > 0;

    /// <summary>In a step, or on its way back to one with KV that an earlier turn left on the host.</summary>
    private void FirstScheduled(Sequence sequence)
    {
        if (!sequence.FirstScheduled.IsNever) return;
        sequence.FirstScheduled = _clock.Now;
        _metrics.Scheduled(_clock.Now - sequence.Arrival);
    }

    /// <summary>
    /// New sequences that the plan may know enter the scheduler; those whose client left go now unless a step in flight still holds them.
    /// </summary>
    private void TakeInbox(Instant known)
    {
        int later = 0;
        for (int i = 0; i < _inbox.Count; i++)
        {
            Sequence sequence = _inbox[i];
            if ((sequence.IsPaused ? sequence.ResumedAt : sequence.Arrival) > known)
            {
                _inbox[later++] = sequence;
                continue;
            }
            if (sequence.IsPaused)
            {
                Resume(sequence);
                continue;
            }
            sequence.Intent = _calls.Intend(sequence, _view);
            _scheduler.Enqueue(sequence);
        }
        _inbox.RemoveRange(later, _inbox.Count - later);
        int kept = 0;
        for (int i = 0; i < _leaving.Count; i++)
        {
            Sequence sequence = _leaving[i];
            if (sequence.Outcome != Outcome.Live) continue;
            if (sequence.InFlight)
            {
                _leaving[kept++] = sequence;
                continue;
            }
            bool isUnknown = _inbox.Remove(sequence);
            if (sequence.IsPaused) _paused.Remove(sequence);
            if (sequence.IsPaused || !isUnknown) _scheduler.Remove(sequence);
            Leave(sequence, sequence.PendingOutcome, sequence.CancelledAt);
        }
        _leaving.RemoveRange(kept, _leaving.Count - kept);
    }

    /// <summary>
    /// How many steps the plan may repeat: as long as the policy says, nobody finishes, and memory for everybody's next token is there.
    /// Also fills <see cref="_growth"/>: the blocks that the step after step j takes, periodic in the block size.
    /// </summary>
    private int FindHorizon(StepPlan plan)
    {
        _arrivalsMatter = false;
        if (!_fastForward || !_executor.RunsAhead || IsKeptFromPlans || !plan.IsDecodeOnly || plan.PreemptedCount > 0 || plan.ReclaimedCount > 0) return 1;
        Stability stability = _scheduler.Stable(_view, plan);
        if (stability.Steps <= 1) return 1;
        int horizon = Math.Min(Math.Min(stability.Steps, _memory.QuietSteps), LongestRun);
        if (_paused.Count > 0) horizon = Math.Min(horizon, _calls.QuietSteps(_view));
        foreach (IPlanAddOn addOn in _addOns) horizon = Math.Min(horizon, addOn.StableSteps(_view, plan));
        if (horizon <= 1) return 1;
        int blockTokens = _memory.BlockTokens;
        int growing = 0;
        bool hasPlaces = _memory.HasPlaces;
        Array.Clear(_growth);
        foreach (ref readonly PlanItem item in plan.Items)
        {
            Sequence sequence = item.Sequence;
            horizon = sequence.HandsOver ? 1 : Math.Min(horizon, sequence.TokensToStop);
            if (hasPlaces) horizon = Math.Min(horizon, _memory.RoomInPlace(sequence) - sequence.ComputedTokens);
            int slack = sequence.KvBlocks * blockTokens - sequence.ComputedTokens - 1;
            if (slack < blockTokens)
            {
                _growth[slack]++;
                growing++;
            }
            else
            {
                // Reserved ahead: the run ends before the reservation does.
                horizon = Math.Min(horizon, slack + 1);
            }
        }
        _arrivalsMatter = stability.ArrivalsMatter || _calls.LooksAhead;
        return Math.Min(horizon, StepsThatFit(horizon, growing));
    }

    private int StepsThatFit(int horizon, int growing)
    {
        // A step that writes blocks whose old content is on its way out has to wait: that is planned.
        int free = _memory.QuietBlocks - (_swap?.DrainingBlocks ?? 0);
        int cycles = (horizon + _growth.Length - 1) / _growth.Length;
        if ((long)growing * cycles <= free) return horizon;
        int taken = 0;
        for (int step = 1; step < horizon; step++)
        {
            taken += _growth[(step - 1) % _growth.Length];
            if (taken > free) return step;
        }
        return horizon;
    }

    private void ThrowIfStuck()
    {
        if (_inFlight > 0 || !_retryAt.IsNever || _live == _paused.Count || _moving > 0 || _reservedBlocks > 0 || _swap is { Returning: > 0 }) return;
        throw new InvalidOperationException(
            $"{_scheduler.GetType().Name} planned nothing with {_scheduler.WaitingCount} waiting and {_scheduler.RunningCount} running sequences and no step in flight");
    }
}
