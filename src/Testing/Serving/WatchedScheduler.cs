using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Testing.Serving;

/// <summary>A scheduler that shows each of its plans to a test and is otherwise the one it wraps.</summary>
public sealed class WatchedScheduler(IScheduler inner, Action<IScheduler, ReplicaView, StepPlan> onPlan) : IScheduler
{
    public int WaitingCount => inner.WaitingCount;

    public int RunningCount => inner.RunningCount;

    public string? Refuses(Sequence sequence, IKvMemory memory) => inner.Refuses(sequence, memory);

    public void Enqueue(Sequence sequence) => inner.Enqueue(sequence);

    public void Remove(Sequence sequence) => inner.Remove(sequence);

    public void Pause(Sequence sequence) => inner.Pause(sequence);

    public void Resume(Sequence sequence, bool first) => inner.Resume(sequence, first);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        inner.Plan(view, plan);
        onPlan(inner, view, plan);
    }

    public Stability Stable(ReplicaView view, StepPlan plan) => inner.Stable(view, plan);

    public void Advance(StepPlan plan, int steps) => inner.Advance(plan, steps);
}
