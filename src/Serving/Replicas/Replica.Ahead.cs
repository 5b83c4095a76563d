using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Replicas;

/// <summary>
/// Planning ahead: the plan of a step is made when the step before it starts, so that its CPU time hides behind the device. What that plan
/// could not know yet is kept from it here: requests that came since, and places and KV of sequences that ended meanwhile.
/// </summary>
/// <remarks>
/// The plan is still filled when its step starts: from the start of a step to its end nothing but the withheld changes for a plan. An engine
/// that finds nothing to plan ahead waits for the end of the step and then sees everything.
/// </remarks>
public sealed partial class Replica
{
    private readonly bool _plansAhead;

    /// <summary>Finished and gone for their clients; the next plan still finds them in their places, in flight.</summary>
    private readonly List<Sequence> _lingering = [];

    /// <summary>Start of the step that ended last, and its end.</summary>
    private Instant _lastStart = Instant.Zero;
    private Instant _lastEnd = Instant.Never;

    /// <summary>What came later than this is not known to a plan made now.</summary>
    private Instant Known => _plansAhead && _lastEnd == _clock.Now ? _lastStart : _clock.Now;

    private bool IsKeptFromPlans => _inbox.Count > 0 || _lingering.Count > 0;

    private void Linger(Sequence sequence)
    {
        sequence.InFlight = true;
        _view.InFlightSequences++;
        _lingering.Add(sequence);
    }

    private void EndLingering()
    {
        if (_lingering.Count == 0) return;
        foreach (Sequence sequence in _lingering)
        {
            sequence.InFlight = false;
            _view.InFlightSequences--;
            _scheduler.Remove(sequence);
            FreeMemory(sequence);
        }
        _lingering.Clear();
        Counters.KvBlocks.Set(_clock.Now, _memory.UsedBlocks);
    }
}
