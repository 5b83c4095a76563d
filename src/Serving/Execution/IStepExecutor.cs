using Orrery.Kernel.Time;

namespace Orrery.Serving.Execution;

/// <summary>Turns a plan into elapsed time and tokens: modelled (a cost model in virtual time) or real (an engine in wall time).</summary>
public interface IStepExecutor
{
    /// <summary>Steps that may be in flight at once (pipeline stages); at least 1.</summary>
    int Depth { get; }

    /// <summary>True when ends are known ahead, so that stable runs may be fast-forwarded.</summary>
    bool RunsAhead { get; }

    /// <summary>When the next step may enter; at or before now means at once.</summary>
    Instant ReadyAt { get; }

    /// <summary>
    /// Starts a run. A modelled executor appends the ends it knows (at least one). A real one returns at once and calls
    /// <see cref="StepRun.Complete"/> on the loop when the step is done; steps complete in the order in which they were started.
    /// </summary>
    void Start(StepRun run);

    /// <summary>Appends further ends of a run that has not reached its horizon.</summary>
    void Extend(StepRun run);
}
