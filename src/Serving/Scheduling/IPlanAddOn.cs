using Orrery.Serving.Execution;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// Completes each plan after its scheduler: draft tokens for its decodes, other work in the time it leaves. Pure like a scheduler, and
/// works over any of them.
/// </summary>
public interface IPlanAddOn
{
    /// <summary>True when it adds work to empty plans: then the replica plans from the start, and as long as there is any.</summary>
    bool WorksAlone => false;

    /// <summary>True when it takes KV memory: it then completes the plan before the step's waits for memory are known, the others after.</summary>
    bool TakesMemory => false;

    /// <summary>No step runs and the next is about to be planned: the last moment to change what its scheduler will find.</summary>
    void Begin(ReplicaView view)
    {
    }

    /// <summary>Adds to the plan, which may be empty.</summary>
    void Complete(ReplicaView view, StepPlan plan);

    /// <summary>For how many steps it would complete the same plan in the same way; asked after <see cref="Complete"/> added nothing.</summary>
    int StableSteps(ReplicaView view, StepPlan plan);

    /// <summary>The plan ran for a number of steps. Must equal that many single calls exactly.</summary>
    void Advance(StepPlan plan, int steps);
}
