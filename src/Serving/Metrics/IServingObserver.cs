using Orrery.Serving.Sequences;

namespace Orrery.Serving.Metrics;

/// <summary>Learns of every request that leaves the fleet, in the order of departure. Must not hold on to the sequence.</summary>
public interface IServingObserver
{
    void Left(Sequence sequence);
}
