using Orrery.Serving.Execution;

namespace Orrery.Serving.Replicas;

/// <summary>Learns of every decision of a replica and of the end of every run of steps: tapes, metrics. Must not hold on to what it is shown.</summary>
public interface IStepObserver
{
    /// <summary>A decision was made, the step has not started. An empty plan says that nothing can be done now.</summary>
    void Planned(Replica replica, StepPlan plan);

    /// <summary>A run of steps has ended and its tokens were delivered; who finished has left.</summary>
    void Ended(Replica replica, StepRun run);
}
