using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Fleets;
using Orrery.Serving.Lending;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Systems;

namespace Orrery.Lab.Scenarios;

/// <summary>What a fleet does beside serving requests where they were routed; every part null where the scenario does not name it.</summary>
public sealed record FleetControl
{
    public HandOverOptions? HandOver { get; init; }

    public LinkOptions? Links { get; init; }

    public ObservationOptions? Observation { get; init; }

    public RebalancerSpec? Rebalancer { get; init; }

    public AutoscalerSpec? Autoscaler { get; init; }

    public StartupOptions? Startup { get; init; }

    public AvailabilitySpec? Availability { get; init; }

    /// <summary>Replicas lend KV memory to each other.</summary>
    public LendingSpec? Lending { get; init; }

    /// <summary>True where requests or replicas move: results then count the moves.</summary>
    public bool Moves => HandOver is not null || Rebalancer is not null || Autoscaler is not null || Availability is not null;

    /// <summary>Far beyond the fleets that a run of minutes can follow.</summary>
    private const int MostSpotReplicas = 10_000;

    internal static readonly string[] Keys = ["handOver", "links", "observation", "rebalancer", "autoscaler", "startup", "availability", "lending"];

    /// <summary>Takes the keys of a scenario's root, of which <c>null</c> is as good as none; <see cref="Check"/> follows once the fleet is known.</summary>
    internal static FleetControl Read(MapReader root)
    {
        Node? autoscaler = root.Given("autoscaler");
        Node? rebalancer = root.Given("rebalancer");
        return new()
        {
            HandOver = ReadSet(root.Given("handOver"), HandOverOptions.Set),
            Links = ReadSet(root.Given("links"), LinkOptions.Set),
            Observation = ReadSet(root.Given("observation"), ObservationOptions.Set),
            Rebalancer = rebalancer is null ? null : Rebalancers.Registry.Read(rebalancer),
            Autoscaler = autoscaler is null ? null : Autoscalers.Registry.Read(autoscaler),
            Startup = ReadSet(root.Given("startup"), StartupOptions.Set),
            Availability = AvailabilitySpec.Read(root.Given("availability")?.AsMap()),
            Lending = root.Given("lending") is { } lending ? Lenders.Registry.Read(lending) : null,
        };
    }

    /// <summary>What does not go together with the fleet.</summary>
    internal void Check(Node root, IReadOnlyList<FleetEntry> fleet)
    {
        bool hasPhases = fleet.Any(entry => entry.Design.Role != Serving.Routing.ReplicaRole.Mixed);
        if (fleet.All(entry => entry.Design.Role == Serving.Routing.ReplicaRole.Decode)) throw root["fleet"]!.Error("no replica reads prompts; add an entry with role: prefill or role: mixed");
        if (fleet.Any(entry => entry.Design.Role == Serving.Routing.ReplicaRole.Prefill) && fleet.All(entry => entry.Design.Role == Serving.Routing.ReplicaRole.Prefill))
            throw root["fleet"]!.Error("no replica decodes; add an entry with role: decode or role: mixed");
        if (Lending is not null) CheckLending(root["lending"]!, fleet);
        if (Availability is { Trace.PeakUnits: > MostSpotReplicas } wide)
            throw root["availability"]!.Error($"the trace has {wide.Trace.PeakUnits} replicas at its peak, a simulated fleet at most {MostSpotReplicas}; write fewer");
        bool moves = hasPhases || Rebalancer is not null;
        foreach (FleetEntry entry in fleet)
        {
            bool receives = entry.Design.Role == Serving.Routing.ReplicaRole.Decode || (moves && entry.Design.Role == Serving.Routing.ReplicaRole.Mixed);
            if (receives && !entry.Scheduler.TakesKvBack) throw root["fleet"]!.Error("a scheduler here cannot go on with KV that was computed at another replica; use one that can, such as vllm-v0 or sarathi-serve");
            if (receives && entry.Memory.SharesPrefixes) throw root["fleet"]!.Error("replicas that receive KV of others share no prefixes; write memory: {prefixCache: false} in their entries");
        }
        // Switched off with null, as comparisons do, they take their start-up with them.
        bool nothingStarts = root["autoscaler"] is null && root["availability"] is null;
        if (Startup is not null && nothingStarts) throw root["startup"]!.KeyError("nothing starts replicas here; add autoscaler or availability, or remove the key");
        if (Availability is not null && Autoscaler is not null)
            throw root["autoscaler"]!.KeyError("the provider's trace in availability says how many replicas there are; remove one of the two");
        if (Observation is { } seen && !seen.IsLate && seen.Delay > Kernel.Time.Duration.Zero)
            throw root["observation"]!.Error("a delay alone delays nothing, since reports come at intervals; add one, such as interval: 50ms");
        if (HandOver is not null && !hasPhases) throw root["handOver"]!.KeyError("nothing is handed over between mixed replicas; give the entries role: prefill and role: decode, or remove the key");
        if (Availability is { } spot && spot.Trace.FirstUnits > fleet.Sum(entry => entry.Replicas))
            throw root["availability"]!.Error($"the trace starts with {spot.Trace.FirstUnits} replicas, the fleet has {fleet.Sum(entry => entry.Replicas)}; raise replicas, those beyond the trace stay all the time");
        if (Autoscaler is { } scaler && scaler.Max is { } most && most < scaler.Min) throw root["autoscaler"]!.Error($"max {most} is less than min {scaler.Min}; raise max");
    }

    private void CheckLending(Node lending, IReadOnlyList<FleetEntry> fleet)
    {
        if (Lending!.Fault() is { } fault) throw lending.Error(fault);
        if (fleet.Count > 1) throw lending.KeyError("replicas of one fleet entry lend to each other; write a single entry");
        if (fleet[0].Replicas < 2) throw lending.KeyError("a single replica has nobody to borrow from; raise replicas, or remove the key");
        if (Moves) throw lending.KeyError("it does not go with handOver, rebalancer, autoscaler or availability; remove one of the keys");
        ReplicaDesign design = fleet[0].Design;
        if (design.Memory is not PagedOptions { SharesPrefixes: false } || design.Swap is not null) throw lending.KeyError("lent memory is paged, without shared prefixes and host swap; write memory: {use: paged, prefixCache: false}");
        if (design.Draft is not null || design.Finetune is not null) throw lending.KeyError("replicas that lend neither draft nor finetune; remove the key draft or finetune");
        if (design.Role != Serving.Routing.ReplicaRole.Mixed) throw lending.KeyError("replicas that lend read prompts and decode; write role: mixed");
        if (LendingDesign.WhyNot(design.Deployment) is { } reason) throw lending.KeyError(reason);
    }

    internal List<KeyValuePair<string, Node>> ToNodes()
    {
        List<KeyValuePair<string, Node>> keys = [];
        if (HandOver is not null) Add("handOver", HandOverOptions.Set.ToNode(HandOver));
        if (Links is not null) Add("links", LinkOptions.Set.ToNode(Links));
        if (Observation is not null) Add("observation", ObservationOptions.Set.ToNode(Observation));
        if (Rebalancer is not null) Add("rebalancer", Rebalancers.Registry.ToNode(Rebalancer));
        if (Autoscaler is not null) Add("autoscaler", Autoscalers.Registry.ToNode(Autoscaler));
        if (Startup is not null) Add("startup", StartupOptions.Set.ToNode(Startup));
        if (Availability is not null) Add("availability", Availability.ToNode());
        if (Lending is not null) Add("lending", Lenders.Registry.ToNode(Lending));
        return keys;

        void Add(string key, Node value) => keys.Add(KeyValuePair.Create(key, value));
    }

    private static T? ReadSet<T>(Node? node, OptionSet<T> set)
        where T : class, new()
    {
        if (node is null) return null;
        MapReader map = node.AsMap();
        T value = set.Read(map);
        map.Done();
        return value;
    }
}

/// <summary>Capacity that comes and goes, and what it costs.</summary>
/// <param name="Text">Name of a trace, or the trace itself.</param>
/// <param name="Trace">Read from it.</param>
/// <param name="Grace">From a notice to the loss.</param>
/// <param name="HourlyPrice">Of a replica whose machine may be taken back, in dollars; null: the device's own price.</param>
public sealed record AvailabilitySpec(string Text, CapacityTrace Trace, Duration Grace, Money? HourlyPrice)
{
    /// <summary>30 s: SpotServe, ASPLOS 2024 (b).</summary>
    private static readonly Duration UsualGrace = Duration.FromSeconds(30);

    internal static AvailabilitySpec? Read(MapReader? map)
    {
        if (map is null) return null;
        Node text = map.Required("trace");
        Duration grace = map.Duration("grace", UsualGrace);
        double? price = map.Optional("hourlyPrice")?.AsNumber(0);
        map.Done();
        try
        {
            return new(text.AsText(), CapacityTraces.Find(text.AsText()), grace, price is { } dollars ? new Money(dollars) : null);
        }
        catch (InputException mistake) when (!mistake.Message.Contains(text.Path, StringComparison.Ordinal))
        {
            throw text.Error(mistake.Message);
        }
    }

    internal Node ToNode()
    {
        List<KeyValuePair<string, Node>> keys =
        [
            KeyValuePair.Create("trace", Node.Quoted(Text)),
            KeyValuePair.Create("grace", Node.Plain(Quantities.Format(Grace.Seconds, Quantity.Duration))),
        ];
        if (HourlyPrice is { } price) keys.Add(KeyValuePair.Create("hourlyPrice", Node.Plain(price.Dollars.ToString("R", System.Globalization.CultureInfo.InvariantCulture))));
        return Node.Map(keys);
    }
}
