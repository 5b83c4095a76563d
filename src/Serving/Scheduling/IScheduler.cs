using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// Decides what goes into each step of one replica. Pure: no I/O, no clock of its own, no threads, no randomness that is not keyed by
/// what it belongs to. The same object runs in simulation and live.
/// </summary>
/// <remarks>
/// Order of calls at a replica: any number of <see cref="Enqueue"/> and <see cref="Remove"/>, then <see cref="Plan"/>, then (only for a
/// plan that the replica may fast-forward) <see cref="Stable"/>; after the step or steps ended <see cref="Advance"/>, then
/// <see cref="Remove"/> of what finished. With several steps in flight the next <see cref="Plan"/> may come before the step ended;
/// sequences in flight are marked and must be left alone.
/// </remarks>
public interface IScheduler
{
    /// <summary>Sequences queued here that hold no place in the running set.</summary>
    int WaitingCount { get; }

    /// <summary>Sequences in the running set.</summary>
    int RunningCount { get; }

    /// <summary>Why a sequence can never run here (one clause for the user), or null. Asked on arrival, before <see cref="Enqueue"/>.</summary>
    string? Refuses(Sequence sequence, IKvMemory memory) => null;

    void Enqueue(Sequence sequence);

    /// <summary>Forgets a sequence that finished, was cancelled or timed out, wherever it stands, paused or unknown included. Its memory is released by the caller.</summary>
    void Remove(Sequence sequence);

    /// <summary>A running sequence waits for a tool: it leaves the running set, its memory is looked after elsewhere.</summary>
    void Pause(Sequence sequence) => Remove(sequence);

    /// <summary>The tool has answered: the sequence queues again, with or without its KV.</summary>
    /// <param name="sequence">Misses its last token and what the tool returned, or all its tokens.</param>
    /// <param name="first">Before those that wait, where the policy has such a place.</param>
    void Resume(Sequence sequence, bool first) => Enqueue(sequence);

    /// <summary>Fills an empty plan. Memory is taken through <see cref="ReplicaView.Memory"/> before a sequence is added.</summary>
    void Plan(ReplicaView view, StepPlan plan);

    /// <summary>For how many steps this scheduler would make the very same plan again. The default is one: a policy opts in.</summary>
    /// <remarks>
    /// Asked only for a plan of decodes alone that preempted nobody. The replica bounds the answer by the first finish, by memory growth
    /// and by cancellations; the policy answers for the rest: admission of those who wait, counters, priorities.
    /// </remarks>
    Stability Stable(ReplicaView view, StepPlan plan) => Stability.OneStep;

    /// <summary>The plan ran for a number of steps: move counters. Must equal that many single calls exactly.</summary>
    void Advance(StepPlan plan, int steps)
    {
    }
}

/// <summary>A promise about the next plans.</summary>
/// <param name="Steps">The plan stays for this many steps (at least 1) unless something arrives or leaves.</param>
/// <param name="ArrivalsMatter">False when a new arrival could not enter before something leaves (a blocked queue head).</param>
public readonly record struct Stability(int Steps, bool ArrivalsMatter)
{
    public static Stability OneStep => new(1, true);

    /// <summary>Stable until something arrives or leaves.</summary>
    public static Stability UntilArrival => new(int.MaxValue, true);

    /// <summary>Stable until something leaves: the queue's head is blocked, and nobody overtakes it.</summary>
    public static Stability UntilDeparture => new(int.MaxValue, false);
}
