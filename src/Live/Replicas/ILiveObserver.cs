using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Replicas;

/// <summary>Watches one model on the loop: metrics and tapes. It must be quick and must not hold on to what it is shown.</summary>
public interface ILiveObserver : IServingObserver, IStepObserver
{
    /// <summary>A request arrived now: the fleet has taken it, or rejected it.</summary>
    void Submitted(Sequence sequence)
    {
    }

    /// <summary>Nobody waits for a request any more, by the client's will or because it reads too slowly; told after the fleet.</summary>
    void Cancelled(Sequence sequence)
    {
    }
}
