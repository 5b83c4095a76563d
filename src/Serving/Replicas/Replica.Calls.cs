using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Replicas;

/// <summary>Sequences that wait for tools, and copies that end beside the steps.</summary>
public sealed partial class Replica
{
    /// <summary>Sequences that came back with their KV; those that were planned since are dropped when it is next looked at.</summary>
    private readonly List<Sequence> _queueWithKv = [];

    /// <summary>At the end of the step in which it has produced the tokens of the call.</summary>
    private void Pause(Sequence sequence, ToolCall call, Instant at)
    {
        sequence.IsPaused = true;
        sequence.PausedAt = at;
        _scheduler.Pause(sequence);
        _paused.Add(sequence);
        _returns.Enqueue(sequence, ((at + call.Duration).Nanoseconds, sequence.Id));
    }

    /// <summary>Calls that have ended by now go to the inbox. True when any did.</summary>
    private bool EndCalls()
    {
        bool ended = false;
        while (_returns.TryPeek(out Sequence? sequence, out (long Nanoseconds, long Id) due) && due.Nanoseconds <= _clock.Now.Nanoseconds)
        {
            _returns.Dequeue();
            // The client may have left meanwhile.
            if (sequence.Outcome != Outcome.Live) continue;
            sequence.ResumedAt = Instant.FromNanoseconds(due.Nanoseconds);
            _inbox.Add(sequence);
            ended = true;
        }
        return ended;
    }

    private bool EndCopies() => _swap is not null && _swap.Advance(_clock.Now);

    private void Resume(Sequence sequence)
    {
        int returned = sequence.CallAtStop!.Value.ReturnTokens;
        sequence.ReturnedTokens += returned;
        _liveTokens += returned;
        sequence.EndCall();
        sequence.PausedFor += sequence.ResumedAt - sequence.PausedAt;
        sequence.IsPaused = false;
        _paused.Remove(sequence);
        if (sequence.KvBlocks > 0)
        {
            sequence.QueuesWithKv = true;
            if (_queueWithKv.Count > 2 * _live) _queueWithKv.RemoveAll(static other => !other.QueuesWithKv);
            _queueWithKv.Add(sequence);
        }
        sequence.Intent = _calls.Intend(sequence, _view);
        _scheduler.Resume(sequence, _calls.ReturnsFirst);
    }

    /// <summary>The paused as their handling says, then whoever came back last and still queues.</summary>
    private Sequence? FirstToGiveUp()
    {
        if (_paused.Count > 0 && _calls.FirstToGiveUp(_view) is { } paused) return paused;
        while (_queueWithKv.Count > 0)
        {
            Sequence last = _queueWithKv[^1];
            _queueWithKv.RemoveAt(_queueWithKv.Count - 1);
            // Since then it may have gone to another replica.
            if (last is { QueuesWithKv: true, Outcome: Outcome.Live, KvBlocks: > 0 } && last.Replica == Index) return last;
        }
        return null;
    }

    /// <summary>Something besides a step changed what a plan would be: plan at once, or at the end of the step that runs.</summary>
    private void NewsArrived()
    {
        if (_live == 0) return;
        _needsPlan = true;
        if (_inFlight == _runs.Length) CutRun();
    }
}
