using System.Globalization;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Units;
using Orrery.Lab.Runs.Output;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Exposition;
using Orrery.Serving.Fleets;
using Orrery.Serving.Replicas;
using Orrery.World.Deployments;

namespace Orrery.Lab.Runs;

/// <summary>Makes the fleet of a scenario: its replicas, those that come later, and what acts on them.</summary>
internal sealed class FleetBuilder
{
    private readonly Scenario _scenario;
    private readonly bool _fastForward;
    private readonly RandomStream _startup;
    private readonly List<FleetEntry> _entries = [];
    private readonly ReplicaFactory[] _factories;
    private readonly RandomStream _lendingStream;
    private readonly FleetLending? _lending;

    public FleetBuilder(Scenario scenario, RandomStream root, bool fastForward)
    {
        _scenario = scenario;
        _fastForward = fastForward;
        _startup = root.Split("startup");
        _lendingStream = root.Split("lending");
        if (scenario.Control.Lending is { } lending)
        {
            FleetEntry only = scenario.Fleet[0];
            _lending = new(new(lending, only.Deployment, (int)Math.Min(only.Capacity.Blocks, int.MaxValue), only.Capacity.BlockTokens, only.Replicas));
        }
        RandomStream acceptance = root.Split("acceptance");
        _factories = [.. scenario.Fleet.Select(entry => new ReplicaFactory(entry.Design, acceptance))];
    }

    public PerfettoTrace? Trace { get; init; }

    public ServingExposition? Exposition { get; init; }

    /// <summary>Takes each replica as a server of its row; null without a breaker.</summary>
    public PoweredFleet? Power { get; init; }

    /// <summary>The entry of each replica, in the order of their numbers.</summary>
    public IReadOnlyList<FleetEntry> Entries => _entries;

    public IReadOnlyList<ReplicaFactory> Factories => _factories;

    public FleetOptions Options()
    {
        FleetControl control = _scenario.Control;
        // Replicas that come later are like those of the first entry.
        FleetEntry first = _scenario.Fleet[0];
        ReplicaSupply supply = new(
            index => Create(index, first, _factories[0]), control.Startup ?? new StartupOptions(), first.Capacity.Weights * first.Deployment.Parallel.Devices, PortOf(first.Deployment), _startup);
        FleetOptions options = new()
        {
            HandOver = control.HandOver ?? new(),
            Links = control.Links ?? new(),
            Observation = control.Observation ?? new(),
            Rebalancer = control.Rebalancer?.Create(),
        };
        if (control.Autoscaler is { } scaler)
            options = options with { Scaling = new(scaler.Create(_startup), supply, scaler.Min, scaler.Max ?? Math.Max(scaler.Min, _scenario.ReplicaCount)) };
        return control.Availability is { } spot ? options with { Availability = new(spot.Trace, spot.Grace, supply) } : options;
    }

    public void AddTo(Fleet fleet)
    {
        foreach ((FleetEntry entry, ReplicaFactory factory) in _scenario.Fleet.Zip(_factories))
            for (int i = 0; i < entry.Replicas; i++) fleet.Add(Create(fleet.Replicas.Count, entry, factory), PortOf(entry.Deployment));
        Exposition?.Watch(fleet, replica => _entries[replica.Index].Deployment.Model.Name);
    }

    /// <summary>Lets replicas lend, where the scenario says so; the fleet is complete.</summary>
    public void OpenMarket(Clock clock, Fleet fleet) => _lending?.Open(clock, fleet, _factories[0].StepTimes, _lendingStream);

    /// <summary>What was lent, in a sentence.</summary>
    public IEnumerable<string> LendingNotes()
    {
        if (_lending?.Market is not { } market) yield break;
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"lending: {market.PromisedBlocks} of {market.AskedBlocks} KV blocks asked for were promised, {market.CopiedBlocks} copied out and {market.TakenBackBlocks} taken back in {market.RoundCount} rounds; {market.Refusals} requests were refused");
    }

    private ReplicaParts Create(int index, FleetEntry entry, ReplicaFactory factory)
    {
        _entries.Add(entry);
        Deployment deployment = entry.Deployment;
        Trace?.NameReplica(index, string.Create(CultureInfo.InvariantCulture, $"replica {index}: {deployment.Model.Name} on {deployment.Device.Name} {deployment.Parallel}"));
        ReplicaParts parts = factory.Create(index, _fastForward) with { Steps = Power?.Observe(entry, Exposition) ?? Exposition };
        return _lending is null ? parts : _lending.Equip(parts, factory.StepTimes);
    }

    /// <summary>The adapters of all its devices together.</summary>
    private static BytesPerSecond PortOf(Deployment deployment) => deployment.Interconnect.Remote.Bandwidth * deployment.Parallel.Devices;
}
