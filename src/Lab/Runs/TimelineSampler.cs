using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Serving.Fleets;
using Orrery.Serving.Replicas;

namespace Orrery.Lab.Runs;

/// <summary>
/// Looks at the fleet at equal intervals of virtual time, after every completion of the instant and before any decision. When the rows
/// are full every second one is dropped and the interval doubles, so any length of run keeps between half and all of them.
/// </summary>
internal sealed class TimelineSampler
{
    private static readonly Duration FirstInterval = Duration.FromMilliseconds(100);

    private readonly Clock _clock;
    private readonly Fleet _fleet;
    private readonly Action _onSample;
    private readonly List<Sample> _samples = new(RunSeries.MostRows);
    private Duration _interval = FirstInterval;

    public TimelineSampler(Clock clock, Fleet fleet, Action onSample)
    {
        _clock = clock;
        _fleet = fleet;
        _onSample = onSample;
        clock.Spawn("timeline", Loop, background: true);
    }

    /// <summary>The rows, closed by one at the end of the run.</summary>
    public IReadOnlyList<TimelineRow> Finish(Instant end)
    {
        _samples.RemoveAll(sample => sample.At >= end);
        if (end > Instant.Zero) _samples.Add(Look(end));
        long blocks = _fleet.Replicas.Sum(replica => (long)replica.Counters.TotalBlocks);
        var rows = new TimelineRow[_samples.Count];
        Sample before = default;
        for (int i = 0; i < rows.Length; i++)
        {
            Sample sample = _samples[i];
            double replicaTime = (double)_fleet.Replicas.Count * (sample.At - before.At).Nanoseconds;
            rows[i] = new(
                sample.At.Seconds, sample.Arrived, sample.Finished, sample.Left, sample.Waiting, sample.Running, sample.LiveTokens,
                sample.OutputTokens, (double)sample.UsedBlocks / blocks, (double)(sample.BusyNanoseconds - before.BusyNanoseconds) / replicaTime);
            before = sample;
        }
        return rows;
    }

    private async ValueTask Loop()
    {
        Instant next = Instant.Zero + _interval;
        while (true)
        {
            await _clock.Until(next, Phase.React);
            if (_fleet.IsTrafficOver && _fleet.Live == 0) return;
            _samples.Add(Look(_clock.Now));
            _onSample();
            // One row stays free for the end of the run.
            if (_samples.Count == RunSeries.MostRows - 2) Thin();
            next = _clock.Now + _interval;
        }
    }

    private void Thin()
    {
        int kept = 0;
        for (int i = 1; i < _samples.Count; i += 2) _samples[kept++] = _samples[i];
        _samples.RemoveRange(kept, _samples.Count - kept);
        _interval *= 2;
    }

    private Sample Look(Instant now)
    {
        long waiting = 0;
        long running = 0;
        long liveTokens = 0;
        long outputTokens = 0;
        long usedBlocks = 0;
        Int128 busy = 0;
        foreach (Replica replica in _fleet.Replicas)
        {
            waiting += replica.WaitingRequests;
            running += replica.RunningRequests;
            liveTokens += replica.LiveTokens;
            outputTokens += replica.OutputTokens;
            usedBlocks += replica.UsedBlocks;
            busy += replica.Counters.Busy(now).Nanoseconds;
        }
        long finished = _fleet.Metrics.Finished;
        return new(
            now, _fleet.Arrived, finished, _fleet.Arrived - _fleet.Live - finished, waiting, running, liveTokens, outputTokens, usedBlocks, busy);
    }

    private readonly record struct Sample(
        Instant At, long Arrived, long Finished, long Left, long Waiting, long Running, long LiveTokens, long OutputTokens, long UsedBlocks, Int128 BusyNanoseconds);
}
