using System.Runtime.CompilerServices;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Replicas;

public sealed partial class Replica
{
    private readonly List<Sequence> _departing = [];
    private readonly List<Sequence> _pausing = [];
    private long[] _sameEnd = new long[8];

    /// <summary>Ends every step whose time has come, oldest first.</summary>
    private void EndSteps()
    {
        while (_inFlight > 0)
        {
            StepRun run = _runs[_oldest];
            if (run.LastEnd > _clock.Now) return;
            if (run.CanExtend)
            {
                _executor.Extend(run);
                return;
            }
            _oldest = (_oldest + 1) % _runs.Length;
            if (--_inFlight == 0) Counters.BecomesIdle(run.LastEnd);
            End(run);
            _needsPlan = true;
        }
    }

    private void End(StepRun run)
    {
        StepPlan plan = run.Plan;
        int steps = run.Count;
        Account(run, steps);
        _view.LastStep = Duration.FromNanoseconds(run.Ends[steps - 1] - (steps > 1 ? run.Ends[steps - 2] : (run.Start + plan.Delay).Nanoseconds));
        _view.InFlightSequences -= plan.Items.Length;
        if (plan.IsDecodeOnly) DeliverDecodes(run, steps);
        else DeliverMixed(run);
        if (plan.Items.Length > 0) _scheduler.Advance(plan, steps);
        foreach (IPlanAddOn addOn in _addOns) addOn.Advance(plan, steps);
        _lastStart = steps > 1 ? Instant.FromNanoseconds(run.Ends[steps - 2]) : run.Start;
        _lastEnd = run.LastEnd;
        _lastPhase = PhaseOf(plan);
        foreach (Sequence sequence in _departing)
        {
            if (_plansAhead)
            {
                Linger(sequence);
                Depart(sequence, Outcome.Finished, sequence.LastToken);
                continue;
            }
            _scheduler.Remove(sequence);
            Leave(sequence, Outcome.Finished, sequence.LastToken);
        }
        if (_live == 0) EndLingering();
        if (_departing.Count > 0) Counters.KvBlocks.Set(_clock.Now, _memory.UsedBlocks);
        _departing.Clear();
        foreach (Sequence sequence in _pausing) Pause(sequence, sequence.CallAtStop!.Value, run.LastEnd);
        _pausing.Clear();
        if (_prefilled.Count > 0) SendPrefilled();
        _steps?.Ended(this, run);
        plan.Clear();
        RoomChanged?.Invoke();
    }

    private void Account(StepRun run, int steps)
    {
        Counters.Steps += steps;
        if (run.Cost is { } cost)
        {
            (Int128 flops, Int128 bytes) = cost.Totals(steps);
            Counters.AddWork(flops, bytes, (long)run.Plan.Tokens * steps);
            if (!run.Plan.IsDecodeOnly) Counters.AddMixed(run.LastEnd - run.Start, flops, bytes, run.Plan.Tokens);
        }
        if (run.Plan.Training is { } work) Counters.AddTraining(work);
        // The memory each further step took when single steps would have planned it.
        int used = _usedAtStart;
        if (steps == 1) return;
        long held = (steps - 1) * _heldAtStart;
        int place = 0;
        for (int step = 1; step < steps; step++)
        {
            int taken = _growth[place];
            if (++place == _growth.Length) place = 0;
            if (taken == 0) continue;
            used += taken;
            held += (long)taken * (steps - step);
            if (step > _countedSteps) Counters.KvBlocks.Set(Instant.FromNanoseconds(run.Ends[step - 1]), used);
        }
        // Step j has written j tokens more per sequence than the first: 1 + … + (steps − 1) of them.
        long items = run.Plan.Items.Length;
        Counters.AddHeld(held * _memory.BlockTokens, ((steps - 1) * _writtenAtStart) + (items * steps * (steps - 1) / 2), (int)items);
    }

    /// <summary>Every item decodes: each step of the run gives each of them one token.</summary>
    private void DeliverDecodes(StepRun run, int steps)
    {
        ReadOnlySpan<long> ends = run.Ends;
        ReadOnlySpan<PlanItem> items = run.Plan.Items;
        long firstEnd = ends[0];
        long lastEnd = ends[steps - 1];
        Instant end = Instant.FromNanoseconds(lastEnd);
        long groupGap = -1;
        int groupSize = 0;
        int leftEarly = 0;
        Counters.DecodeTokens += (long)items.Length * steps;
        foreach (ref readonly PlanItem item in items)
        {
            Sequence sequence = item.Sequence;
            sequence.InFlight = false;
            // A client that left before the last step ended does not get its token.
            int delivered = sequence.CancelledAt < end ? steps - 1 : steps;
            leftEarly += steps - delivered;
            if (steps > 1 && !_memory.TryGrow(sequence, sequence.ComputedTokens + steps)) ThrowOvercommit(sequence);
            sequence.ComputedTokens += steps;
            sequence.MissedByDraft += steps;
            if (delivered > 0)
            {
                long gap = firstEnd - sequence.WaitsSince.Nanoseconds;
                if (gap != groupGap)
                {
                    if (groupSize > 0) _metrics.Gap(Index, groupGap, groupSize, firstEnd);
                    groupGap = gap;
                    groupSize = 0;
                }
                groupSize++;
                if (sequence.Preemptions != sequence.PreemptionsCounted) _metrics.AfterPreemption(sequence, gap);
                Deliver(sequence, ends[..delivered]);
                if (sequence.HandsOver && sequence.TokensToStop > 0) _prefilled.Add(sequence);
            }
            StopIfDue(sequence);
        }
        if (groupSize > 0) _metrics.Gap(Index, groupGap, groupSize, firstEnd);
        for (int step = 1; step < steps; step++)
        {
            int receivers = step == steps - 1 ? items.Length - leftEarly : items.Length;
            if (receivers > 0) _metrics.Gap(Index, ends[step] - ends[step - 1], receivers, ends[step]);
        }
    }

    /// <summary>A single step with prompt chunks or drafts in it.</summary>
    private void DeliverMixed(StepRun run)
    {
        Instant end = run.LastEnd;
        foreach (ref readonly PlanItem item in run.Plan.Items)
        {
            Sequence sequence = item.Sequence;
            bool samples = item.Samples;
            if (sequence.IsDecoding)
            {
                Counters.DecodeTokens++;
                if (item.DraftTokens == 0) sequence.MissedByDraft++;
            }
            else
            {
                Counters.PrefillTokens += item.Tokens;
                sequence.LastChunkTokens = item.Tokens;
            }
            sequence.InFlight = false;
            int tokens = item.DraftTokens == 0 ? 1 : Verify(sequence, item.DraftTokens, run.Plan);
            sequence.ComputedTokens += item.Tokens + tokens - 1;
            if (samples && sequence.CancelledAt >= end)
            {
                if (sequence.FirstToken.IsNever)
                {
                    sequence.FirstToken = end;
                    sequence.PreemptionsCounted = sequence.Preemptions;
                    _metrics.FirstToken(sequence);
                    Prefilled?.Invoke(sequence, false);
                }
                else
                {
                    long at = end.Nanoseconds;
                    _metrics.Gap(Index, at - sequence.WaitsSince.Nanoseconds, 1, at);
                    if (tokens > 1) _metrics.Gap(Index, 0, tokens - 1, at);
                    if (sequence.Preemptions != sequence.PreemptionsCounted) _metrics.AfterPreemption(sequence, at - sequence.WaitsSince.Nanoseconds);
                }
                Deliver(sequence, Repeat(end.Nanoseconds, tokens));
                if (sequence.HandsOver && sequence.TokensToStop > 0) _prefilled.Add(sequence);
            }
            StopIfDue(sequence);
        }
    }

    /// <summary>The tokens that a decode with drafts yields: those that are right and one more, as far as the sequence goes.</summary>
    private int Verify(Sequence sequence, int drafts, StepPlan plan)
    {
        int accepted = _acceptance is { } truth ? truth.Accepted(sequence, drafts) : throw new InvalidOperationException("drafts were planned where nothing says which are right");
        int judged = Math.Min(accepted + 1, drafts);
        sequence.DraftedTokens += drafts;
        sequence.AcceptedTokens += accepted;
        sequence.JudgedTokens += judged;
        // The draft model never read the last token that it proposed.
        sequence.MissedByDraft = accepted == drafts ? 1 : 0;
        plan.AcceptedTokens += accepted;
        plan.JudgedTokens += judged;
        Counters.DraftedTokens += drafts;
        Counters.AcceptedTokens += accepted;
        return Math.Min(accepted + 1, sequence.TokensToStop);
    }

    private ReadOnlySpan<long> Repeat(long nanoseconds, int count)
    {
        if (_sameEnd.Length < count) _sameEnd = new long[count];
        Span<long> ends = _sameEnd.AsSpan(0, count);
        ends.Fill(nanoseconds);
        return ends;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StopIfDue(Sequence sequence)
    {
        if (sequence.TokensToStop > 0 || sequence.GeneratedTokens == 0) return;
        if (sequence.RemainingTokens == 0) _departing.Add(sequence);
        else _pausing.Add(sequence);
    }

    private void Deliver(Sequence sequence, ReadOnlySpan<long> ends)
    {
        sequence.GeneratedTokens += ends.Length;
        if (_metrics.WatchesPace) sequence.Pace.Deliver(ends, sequence.WaitsSince, _metrics.PaceDecay);
        sequence.LastToken = Instant.FromNanoseconds(ends[^1]);
        sequence.Digestion.Deliver(ends, sequence.Arrival, sequence.Reading.TokenInterval);
        Counters.OutputTokens += ends.Length;
        _liveTokens += ends.Length;
    }

    private void Leave(Sequence sequence, Outcome outcome, Instant at)
    {
        sequence.Outcome = outcome;
        FreeMemory(sequence);
        Depart(sequence, outcome, at);
    }

    private void FreeMemory(Sequence sequence)
    {
        _swap?.Leave(sequence, _memory, _clock.Now);
        _memory.Release(sequence);
    }

    /// <summary>The client is served or gone; memory is another matter.</summary>
    private void Depart(Sequence sequence, Outcome outcome, Instant at)
    {
        sequence.Outcome = outcome;
        sequence.End = at;
        RemoveResident(sequence);
        if (sequence.IsMoving) _moving--;
        _live--;
        _liveTokens -= sequence.TotalTokens;
        _metrics.Left(sequence);
        _observer.Left(sequence);
    }

    private static void ThrowOvercommit(Sequence sequence) =>
        throw new InvalidOperationException($"{sequence} outgrew the memory that its run of steps was planned for");
}
