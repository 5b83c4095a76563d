using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// The running set in a fixed order (of arrival unless told otherwise) and its one rule: whoever needs memory evicts the last.
/// </summary>
/// <param name="order">Order of service; victims are taken from its end.</param>
/// <param name="requeue">Where a preempted sequence goes.</param>
public sealed class RunningList(Comparer<Sequence> order, Action<Sequence> requeue)
{
    private readonly List<Sequence> _sequences = [];

    public int Count => _sequences.Count;

    public Sequence this[int index] => _sequences[index];

    /// <summary>Puts a sequence at its place. Almost always that is the end.</summary>
    public void Add(Sequence sequence)
    {
        int index = _sequences.Count;
        while (index > 0 && order.Compare(_sequences[index - 1], sequence) > 0) index--;
        _sequences.Insert(index, sequence);
    }

    public bool Remove(Sequence sequence) => _sequences.Remove(sequence);

    /// <summary>The last sequence that is not in a step in flight, or null.</summary>
    public Sequence? Last()
    {
        for (int i = _sequences.Count - 1; i >= 0; i--)
            if (!_sequences[i].InFlight) return _sequences[i];
        return null;
    }

    /// <summary>Preempts a running sequence: it loses its memory and goes back to where the owner queues it.</summary>
    public void Preempt(Sequence victim, StepPlan plan)
    {
        _sequences.Remove(victim);
        plan.Preempt(victim);
        requeue(victim);
    }

    /// <summary>
    /// Makes room for a running sequence's next tokens: while there is none, those that wait for tools give up theirs, then the last of the
    /// list is preempted, in the end the sequence itself. Only sequences after it in the order are touched, so a walk by index may go on.
    /// </summary>
    /// <returns>
    /// False when the sequence had to go, or must wait until somebody behind it has landed and can be evicted: then nobody after it is
    /// left that could be planned.
    /// </returns>
    public bool TryGrow(Sequence sequence, int tokens, IKvMemory memory, StepPlan plan)
    {
        while (!memory.TryGrow(sequence, tokens))
        {
            if (plan.TryReclaimPaused()) continue;
            if (VictimFor(sequence) is not { } victim) return false;
            Preempt(victim, plan);
            if (ReferenceEquals(victim, sequence)) return false;
        }
        return true;
    }

    /// <summary>
    /// The last sequence behind this one that is not in flight; itself when nobody is behind it; null when those behind are all in flight.
    /// Were it to give up its own memory then, two sequences in alternating steps could evict themselves for ever.
    /// </summary>
    private Sequence? VictimFor(Sequence sequence)
    {
        if (Last() is { } last && !ReferenceEquals(last, sequence)) return last;
        return ReferenceEquals(_sequences[^1], sequence) ? sequence : null;
    }

    /// <summary>Plans one token of every decoding sequence that is not in flight, as far as the budget goes.</summary>
    /// <returns>The budget that is left.</returns>
    public int Decode(IKvMemory memory, StepPlan plan, int budget = int.MaxValue)
    {
        for (int i = 0; i < _sequences.Count && budget > 0; i++)
        {
            Sequence sequence = _sequences[i];
            if (sequence.InFlight || !sequence.IsDecoding) continue;
            if (!TryGrow(sequence, sequence.ComputedTokens + 1, memory, plan)) break;
            plan.Add(sequence, 1);
            budget--;
        }
        return budget;
    }
}
