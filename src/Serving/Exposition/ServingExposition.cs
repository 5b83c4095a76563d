using Orrery.Serving.Execution;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Exposition;

/// <summary>
/// The metrics of one fleet under the names and buckets that users of vLLM know, and under names of our own what vLLM has no name for. It is
/// the same object for a simulated and a live fleet; counts do not depend on how steps were grouped, but for the number of plans.
/// </summary>
/// <remarks>
/// It is made before the fleet, which needs it as an observer, and told of it (<see cref="Watch"/>) when the replicas are there. All calls come
/// from the loop of the fleet's clock. Taken in the middle of a run of steps that was fast-forwarded, the page lacks what that run
/// will have counted; a live replica never runs ahead.
/// </remarks>
public sealed class ServingExposition : IServingObserver, IStepObserver, ITokenObserver
{
    private EngineTally[] _engines = [];
    private string _fleetLabels = "";

    /// <summary>Every family that <see cref="Write"/> writes, in its order.</summary>
    public static IReadOnlyList<MetricFamily> Families { get; } =
        [.. EngineFamilies.All.Select(entry => entry.Family), .. FleetFamilies.All.Select(entry => entry.Family)];

    /// <summary>Energy, which no fleet knows: whoever does writes it.</summary>
    public static MetricFamily Energy { get; } = new(
        "orrery:energy_joules_total", MetricKind.Counter, "joules", "domain",
        "Energy used. Live: of the processor since the server started, by RAPL; inner domains (after a slash) are part of their package, dram aside; absent where the machine does not let it be read. Simulated: of the fleet with its facility (domain facility)");

    internal ClientShares Clients { get; } = new();

    /// <summary>Requests that could never run here.</summary>
    internal long Rejected { get; private set; }

    private Fleet? Fleet { get; set; }

    /// <summary>The families of several fleets on one page: each family once, with the samples of all.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="fleets">Those that have no fleet yet are left out.</param>
    public static void Write(ExpositionText text, IReadOnlyList<ServingExposition> fleets)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(fleets);
        foreach (ServingExposition fleet in fleets) fleet.Look();
        foreach ((MetricFamily family, Action<ExpositionText, EngineTally> write) in EngineFamilies.All)
        {
            text.Begin(family);
            foreach (ServingExposition fleet in fleets)
                foreach (EngineTally engine in fleet._engines) write(text, engine);
        }
        foreach ((MetricFamily family, Action<ExpositionText, ServingExposition, string> write) in FleetFamilies.All)
        {
            text.Begin(family);
            foreach (ServingExposition fleet in fleets)
                if (fleet.Fleet is not null) write(text, fleet, fleet._fleetLabels);
        }
    }

    /// <summary>Names the fleet whose replicas report here, all of them in it already, and learns of its tokens from now on.</summary>
    /// <param name="fleet">The fleet.</param>
    /// <param name="modelOf">What clients call the model of a replica.</param>
    public void Watch(Fleet fleet, Func<Replica, string> modelOf)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(modelOf);
        Fleet = fleet;
        fleet.Metrics.Tokens = this;
        _engines = [.. fleet.Replicas.Select(replica => new EngineTally(replica, modelOf(replica)))];
        _fleetLabels = ExpositionText.Labels(("model_name", string.Join('+', fleet.Replicas.Select(modelOf).Distinct(StringComparer.Ordinal))));
    }

    /// <summary>The page of this fleet alone.</summary>
    public override string ToString()
    {
        ExpositionText text = new();
        Write(text, [this]);
        return text.ToString();
    }

    public void Left(Sequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (sequence.Outcome == Outcome.Rejected)
        {
            Rejected++;
            return;
        }
        Clients.Add(sequence);
        _engines[sequence.Replica].Left(sequence, Fleet!.Metrics.QoeRule);
    }

    void IStepObserver.Planned(Replica replica, StepPlan plan)
    {
    }

    void IStepObserver.Ended(Replica replica, StepRun run) => _engines[replica.Index].Ended(run);

    void ITokenObserver.FirstToken(Sequence sequence) => _engines[sequence.Replica].FirstToken(sequence);

    void ITokenObserver.Gap(int replica, long nanoseconds, int tokens) => _engines[replica].AddGap(nanoseconds, tokens);

    private void Look()
    {
        if (Fleet is not IFleetView fleet) return;
        foreach (EngineTally engine in _engines) engine.Now = fleet.Now;
    }
}
