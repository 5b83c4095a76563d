using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Fleets;

/// <summary>Watches when clients leave: one process for all requests. It acts in the phase React, so a token of the same instant counts.</summary>
internal sealed class Deadlines
{
    private const int FirstSweep = 256;

    private readonly Clock _clock;
    private readonly Action<Sequence, Outcome> _leave;
    private readonly PriorityQueue<(Sequence Sequence, Outcome Outcome), (Instant At, long Id)> _pending = new();
    private readonly Signal _earlier;
    private int _sweepAt = FirstSweep;

    public Deadlines(Clock clock, Action<Sequence, Outcome> leave)
    {
        _clock = clock;
        _leave = leave;
        _earlier = new(clock, "a deadline");
        clock.Spawn("deadlines", Loop, background: true);
    }

    /// <summary>Deadlines that are kept now.</summary>
    internal int Pending => _pending.Count;

    /// <summary>Arms the request's timeout and the moment its user leaves, whichever is earlier.</summary>
    public void Watch(Sequence sequence)
    {
        Duration timeout = sequence.Request.Timeout;
        Duration patience = sequence.Request.CancelAfter;
        if (timeout.IsInfinite && patience.IsInfinite) return;
        bool timesOut = timeout <= patience;
        Instant at = sequence.Arrival + (timesOut ? timeout : patience);
        if (_pending.Count >= _sweepAt) Sweep();
        bool isFirst = _pending.Count == 0 || at < NextDeadline;
        _pending.Enqueue((sequence, timesOut ? Outcome.TimedOut : Outcome.Cancelled), (at, sequence.Id));
        if (isFirst) _earlier.Set(Phase.React);
    }

    private Instant NextDeadline => _pending.TryPeek(out _, out (Instant At, long Id) first) ? first.At : Instant.Never;

    /// <summary>Forgets those who left before their deadline: long deadlines must not keep every request of the last hours in memory.</summary>
    private void Sweep()
    {
        List<((Sequence Sequence, Outcome), (Instant, long))> live = [.. _pending.UnorderedItems.Where(item => item.Element.Sequence.Outcome == Outcome.Live)];
        _pending.Clear();
        _pending.EnqueueRange(live);
        _sweepAt = Math.Max(FirstSweep, 2 * _pending.Count);
    }

    private async ValueTask Loop()
    {
        while (true)
        {
            while (NextDeadline <= _clock.Now)
            {
                (Sequence sequence, Outcome outcome) = _pending.Dequeue();
                if (sequence.Outcome == Outcome.Live) _leave(sequence, outcome);
            }
            await _earlier.Wait(NextDeadline, Phase.React);
        }
    }
}
