using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Fleets;
using Orrery.Serving.Power;
using Orrery.Serving.Replicas;

namespace Orrery.Lab.Runs;

/// <summary>The replicas of a fleet as servers of one row, from the first on and as they come.</summary>
internal sealed class PoweredFleet
{
    private readonly Clock _clock;
    private readonly PowerScenario _power;
    private readonly PowerRow _row;

    private PoweredFleet(Clock clock, PowerScenario power, RandomStream random)
    {
        _clock = clock;
        _power = power;
        _row = new(clock, power.Row, power.Budget, power.Manager, random, () => Fleet is { IsTrafficOver: true, Live: 0 });
    }

    /// <summary>The readings end with its traffic.</summary>
    public Fleet? Fleet { get; set; }

    public RowReadings Readings => _row.Readings;

    /// <summary>Null for a fleet without a breaker.</summary>
    public static PoweredFleet? Of(Clock clock, Scenario scenario, RandomStream random) => scenario.Power is { } power ? new(clock, power, random) : null;

    /// <summary>Puts the next replica on the row and observes its steps; whoever else watches them is told too.</summary>
    public IStepObserver Observe(FleetEntry entry, IStepObserver? other)
    {
        PoweredReplica server = new(_clock, entry.Priority, _power.Row, entry.Deployment.Parallel.Devices);
        _row.Add(server);
        return other is null ? server : new StepObservers(server, other);
    }
}
