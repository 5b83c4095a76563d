using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.RoundRobin;

/// <summary>
/// A first-come ring: who has been served for a quantum of iterations gives way to the head of the queue and goes to its end. Steps are
/// those of vLLM v0: whole prompts first, else everybody decodes.
/// </summary>
/// <remarks>
/// Baseline of Andes (Liu et al. 2024, arXiv 2404.16283; quantum c). Nobody gives way while the head fits, nor when all who may give way
/// would not make enough room for it. Preempted KV goes to the host pool where there is one, else it is recomputed.
/// </remarks>
public sealed class RoundRobin(AdmissionLimits limits, int quantum) : IScheduler
{
    private readonly ContinuousBatch _batch = new();
    private readonly Dictionary<Sequence, int> _served = [];
    private readonly List<Sequence> _ring = [];
    private bool _lastAdmitted;

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence)
    {
        _batch.Remove(sequence);
        if (_served.Remove(sequence)) _ring.Remove(sequence);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        IKvMemory memory = view.Memory;
        DropThoseThatLeft();
        if (_batch.Waiting.Count > 0) GiveWay(memory, plan);
        _lastAdmitted = _batch.AdmitWholePrompts(memory, plan, limits);
        if (_lastAdmitted) return;
        _batch.Running.Decode(memory, plan);
        _lastAdmitted = plan.PreemptedCount == 0 && _batch.AdmitFromHost(memory, plan, limits);
    }

    /// <summary>
    /// With a head for which not enough may give way, until the next one has had its quantum: free blocks and those of all who may give
    /// way together only shrink until then.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        if (_lastAdmitted) return Stability.OneStep;
        if (_batch.Waiting.Count == 0) return Stability.UntilArrival;
        // Growth may have taken what the head needed just now: the next plan may then let others give way.
        if (Leavers(view.Memory) >= 0) return Stability.OneStep;
        // Whoever was copied back beside the steps enters the ring with the next one.
        int steps = _ring.Count < _batch.Running.Count ? quantum : int.MaxValue;
        foreach (Sequence sequence in _ring)
            if (_served[sequence] is var served && served < quantum) steps = Math.Min(steps, quantum - served);
        return new(steps, ArrivalsMatter: false);
    }

    public void Advance(StepPlan plan, int steps)
    {
        foreach (ref readonly PlanItem item in plan.Items)
        {
            Sequence sequence = item.Sequence;
            if (_served.TryGetValue(sequence, out int served))
            {
                _served[sequence] = served + steps;
                continue;
            }
            _served.Add(sequence, steps);
            _ring.Add(sequence);
        }
    }

    /// <summary>Those who lost their memory to others start a new quantum when they come back.</summary>
    private void DropThoseThatLeft()
    {
        for (int i = _ring.Count - 1; i >= 0; i--)
        {
            if (_ring[i].KvBlocks > 0) continue;
            _served.Remove(_ring[i]);
            _ring.RemoveAt(i);
        }
    }

    private void GiveWay(IKvMemory memory, StepPlan plan)
    {
        int leaving = Leavers(memory);
        for (int i = 0; leaving > 0; i++)
        {
            Sequence sequence = _ring[i];
            if (_served[sequence] < quantum || sequence.InFlight) continue;
            Remove(sequence);
            plan.Preempt(sequence);
            _batch.Waiting.Add(sequence);
            leaving--;
            i--;
        }
    }

    /// <summary>How many must give way so that the head fits, longest in the ring first; −1 when all who may would not do.</summary>
    private int Leavers(IKvMemory memory)
    {
        Sequence head = _batch.Waiting.Peek();
        int missing = limits.WatermarkBlocks(memory) + memory.BlocksFor(head.TotalTokens) - head.KvBlocks - memory.FreeBlocks;
        int slots = _batch.Running.Count + 1 - limits.Sequences;
        int leaving = 0;
        for (int i = 0; i < _ring.Count && (missing > 0 || slots > 0); i++)
        {
            if (_served[_ring[i]] < quantum || _ring[i].InFlight) continue;
            missing -= _ring[i].KvBlocks;
            slots--;
            leaving++;
        }
        return missing > 0 || slots > 0 ? -1 : leaving;
    }
}
