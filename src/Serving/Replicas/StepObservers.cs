using Orrery.Serving.Execution;

namespace Orrery.Serving.Replicas;

/// <summary>Several observers of one replica, told in their order.</summary>
public sealed class StepObservers : IStepObserver
{
    private readonly IStepObserver[] _observers;

    private StepObservers(IStepObserver[] observers) => _observers = observers;

    /// <summary>One for all that are there: null for none, the only one itself.</summary>
    public static IStepObserver? Of(params ReadOnlySpan<IStepObserver?> observers)
    {
        List<IStepObserver> present = [];
        foreach (IStepObserver? observer in observers)
            if (observer is not null) present.Add(observer);
        return present.Count switch
        {
            0 => null,
            1 => present[0],
            _ => new StepObservers([.. present]),
        };
    }

    public void Planned(Replica replica, StepPlan plan)
    {
        foreach (IStepObserver observer in _observers) observer.Planned(replica, plan);
    }

    public void Ended(Replica replica, StepRun run)
    {
        foreach (IStepObserver observer in _observers) observer.Ended(replica, run);
    }
}
