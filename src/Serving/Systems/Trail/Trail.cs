using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Trail;

/// <summary>
/// TRAIL: shortest predicted remaining output first with limited preemption. A request whose first prediction is r tokens may be
/// preempted while it has generated fewer than C·r; then it runs to its end. Preempted requests keep their KV while memory lasts.
/// </summary>
/// <remarks>
/// Source: Shahout et al., ICLR 2025, arXiv 2410.01035 (b), on vLLM 0.5.0 with chunked prefill (budget and watermark as vLLM v0).
/// C = 0 orders the queue alone (shortest job first), C = 1 is plain shortest predicted remaining first; without looks (TRAIL-BERT) the
/// first prediction is counted down. There is no ageing: under a flood of shorter requests a long one that has not reached C·r starves.
/// A request without a prediction counts as long as its limit.
/// </remarks>
public sealed class Trail(TrailOptions options) : IScheduler
{
    private readonly AdmissionLimits _limits = new(options.MaxBatchedTokens, options.MaxSequences, options.Watermark);
    private readonly RankedBatch _batch = new(new(options.MaxBatchedTokens, options.MaxSequences, options.Watermark), options.Margin);
    private readonly Dictionary<Sequence, Member> _members = [];

    public int WaitingCount => _batch.QueuedCount;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.RefuseForMemory(sequence, memory, _limits);

    public void Enqueue(Sequence sequence)
    {
        Member member = new(sequence, new(sequence, options.Refine ? options.PredictEvery : 0));
        _members.Add(sequence, member);
        _batch.Enqueue(member);
    }

    public void Remove(Sequence sequence)
    {
        if (!_members.Remove(sequence, out Member? member)) return;
        // It may go on elsewhere: what steps run ahead did not look at is looked at now.
        if (sequence.Outcome == Outcome.Live) _ = member.Track.Now();
        _batch.Remove(member);
    }

    /// <summary>What is believed of a request outlives its calls.</summary>
    public void Pause(Sequence sequence) => _batch.Remove(_members[sequence]);

    public void Resume(Sequence sequence, bool first)
    {
        Member member = _members[sequence];
        // Whether it is pinned is asked anew once it runs: steps run ahead did not ask.
        member.IsPinned = false;
        member.Rank = member.Track.Now();
        _batch.Enqueue(member);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        for (int i = 0; i < _batch.Running.Count; i++)
        {
            Member member = (Member)_batch.Running[i];
            if (member.IsPinned) continue;
            // Age counts generated tokens, r is the first prediction, never the running estimate.
            bool mayGiveWay = member.Sequence.GeneratedTokens < options.Limit * member.Track.First && member.Pauses < (options.MaxPreemptions ?? int.MaxValue);
            member.IsPinned = !mayGiveWay;
            member.Rank = mayGiveWay ? member.Track.Now() : double.NegativeInfinity;
        }
        _batch.Plan(view.Memory, plan);
    }

    /// <summary>Counted down, ranks only fall; a look may raise one, so a plan stays until the next look at somebody who may give way.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        int steps = int.MaxValue;
        for (int i = 0; i < _batch.Running.Count && _batch.QueuedCount > 0; i++)
        {
            Member member = (Member)_batch.Running[i];
            if (!member.IsPinned) steps = Math.Min(steps, member.Track.TokensToNextLook);
        }
        return _batch.Stable(view.Memory, plan, steps);
    }

    private sealed class Member : RankedMember
    {
        public Member(Sequence sequence, RemainingTrack track)
            : base(sequence)
        {
            Track = track;
            Rank = track.Now();
        }

        public RemainingTrack Track { get; }
    }
}
