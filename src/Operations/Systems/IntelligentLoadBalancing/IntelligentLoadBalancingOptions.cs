using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>Who moves tasks.</summary>
public enum Balancer
{
    /// <summary>Nobody.</summary>
    None,

    /// <summary>Random tasks to random nodes where they fit.</summary>
    Random,

    /// <summary>Central: the best pair of task and target each time.</summary>
    Greedy,

    /// <summary>Central: tabu search.</summary>
    Tabu,

    /// <summary>Central: simulated annealing.</summary>
    Annealing,

    /// <summary>Decentralised agents (MASB).</summary>
    Agents,
}

/// <summary>
/// A cell of unlike machines whose tasks wander, and balancers that move tasks off overloaded machines (Sliwko, "Intelligent Load
/// Balancing in Cloud Computer Systems", thesis, University of Westminster). The thesis's abstract gives no factor; its scoring functions,
/// refusal limit and fitted migration formula are not public to us.
/// </summary>
public sealed record IntelligentLoadBalancingOptions : ExperimentSpec
{
    private const string Thesis = "Sliwko, thesis";
    private const string Ours = "our choice (d)";

    // Tasks hold what they use for minutes; looking more often than every second tells nothing (d).
    private const double ShortestInterval = 1;

    public static readonly OptionSet<IntelligentLoadBalancingOptions> Set = new OptionSet<IntelligentLoadBalancingOptions>()
        .Choice<Balancer>("balancer", o => o.Balancer, (o, v) => o with { Balancer = v }, "who moves tasks", Thesis + " (a); searches (c)")
        .Int("nodes", o => o.Nodes, (o, v) => o with { Nodes = v }, "machines, in the proportions of Google's 2011 cell", "the cell has about 12,500 (b)", 2, 100_000)
        .Duration("duration", o => o.Length, (o, v) => o with { Length = v }, "time simulated, from midnight on", Ours)
        .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "between two looks at the cluster", "sampling of the public traces, 5 min (c)", minSeconds: ShortestInterval)
        .Number("load", o => o.Load, (o, v) => o with { Load = v }, "mean use of the scarcest resource of the cell", Ours, 0.05, 2)
        .Number("placementLimit", o => o.PlacementLimit, (o, v) => o with { PlacementLimit = v }, "a new task goes only where the fullest resource stays at or below this share", Ours, 0.05, 2)
        .Number("wander", o => o.Wander, (o, v) => o with { Wander = v }, "deviation of the logarithm of a task's processor use around its mean", Ours, 0, 2)
        .Number("memoryWander", o => o.MemoryWander, (o, v) => o with { MemoryWander = v }, "the same for memory", Ours, 0, 2)
        .Int("wanderIntervals", o => o.WanderIntervals, (o, v) => o with { WanderIntervals = v }, "intervals over which use wanders to an independent value", Ours, 1, 10_000)
        .Bytes("largestMemory", o => o.LargestMemory, (o, v) => o with { LargestMemory = v }, "memory of the largest machine", "the traces are normalised; " + Ours)
        .Quantity("dirtyRate", Quantity.BytesPerSecond, o => o.DirtyRate, (o, v) => o with { DirtyRate = v }, "median rate at which a task writes to its memory", Ours)
        .Quantity("bandwidth", Quantity.BytesPerSecond, o => o.Bandwidth, (o, v) => o with { Bandwidth = v }, "of a sending node", Ours, 1)
        .Bytes("stopCopy", o => o.StopCopy, (o, v) => o with { StopCopy = v }, "the task stops for the last round when this little is left", Ours)
        .Int("copyRounds", o => o.CopyRounds, (o, v) => o with { CopyRounds = v }, "most rounds of a live migration", Ours, 1, 1000)
        .Number("overloadWeight", o => o.OverloadWeight, (o, v) => o with { OverloadWeight = v }, "gigabytes of traffic that a wholly overloaded resource is worth to the searches", "large (c); " + Ours, 0)
        .Number("trafficWeight", o => o.TrafficWeight, (o, v) => o with { TrafficWeight = v }, "weight of migration traffic in the searches; 0 moves as if it were free", "sum of migration costs (a)", 0)
        .Int("budget", o => o.Budget, (o, v) => o with { Budget = v }, "evaluations of a central search in one interval", "budgeted (c); " + Ours, 1, int.MaxValue)
        .Int("tabuCandidates", o => o.TabuCandidates, (o, v) => o with { TabuCandidates = v }, "moves that tabu search looks at before it takes one", Ours, 1, 100_000)
        .Int("tabuTenure", o => o.TabuTenure, (o, v) => o with { TabuTenure = v }, "moves during which a moved task stays", Ours, 0, 100_000)
        .Number("hottest", o => o.Hottest, (o, v) => o with { Hottest = v }, "temperature at the start of annealing, in gigabytes", Ours, 1e-6)
        .Number("coldest", o => o.Coldest, (o, v) => o with { Coldest = v }, "temperature at its end", Ours, 1e-6)
        .Int("candidates", o => o.Candidates, (o, v) => o with { Candidates = v }, "nodes that a broker names to an agent", Ours, 1, 10_000)
        .Number("sampledShare", o => o.SampledShare, (o, v) => o with { SampledShare = v }, "share of the nodes whose summaries the brokers refresh in an interval", Ours, 0, 1)
        .Number("acceptLimit", o => o.AcceptLimit, (o, v) => o with { AcceptLimit = v }, "a target accepts while its fullest resource stays at or below this share", Ours, 0.05, 1)
        .Int("refusalLimit", o => o.RefusalLimit, (o, v) => o with { RefusalLimit = v }, "refusals after which a migration is forced", "repeated (c); " + Ours, 1, 10_000)
        .Duration("evaluationTime", o => o.EvaluationTime, (o, v) => o with { EvaluationTime = v }, "time to judge one task at one node", Ours)
        .Duration("messageTime", o => o.MessageTime, (o, v) => o with { MessageTime = v }, "time of one exchange between agents", Ours);

    public Balancer Balancer { get; init; } = Balancer.Agents;

    public int Nodes { get; init; } = 200;

    public Duration Length { get; init; } = Duration.FromHours(24);

    public Duration Interval { get; init; } = Duration.FromSeconds(300);

    public double Load { get; init; } = 0.6;

    public double PlacementLimit { get; init; } = 0.95;

    public double Wander { get; init; } = 0.4;

    public double MemoryWander { get; init; } = 0.1;

    public int WanderIntervals { get; init; } = 12;

    public Bytes LargestMemory { get; init; } = Bytes.FromGigabytes(64);

    public double DirtyRate { get; init; } = 20e6;

    public double Bandwidth { get; init; } = 125e6;

    public Bytes StopCopy { get; init; } = Bytes.FromGigabytes(0.05);

    public int CopyRounds { get; init; } = 30;

    public double OverloadWeight { get; init; } = 100_000;

    public double TrafficWeight { get; init; } = 1;

    public int Budget { get; init; } = 100_000;

    public int TabuCandidates { get; init; } = 64;

    public int TabuTenure { get; init; } = 20;

    public double Hottest { get; init; } = 5;

    public double Coldest { get; init; } = 0.05;

    public int Candidates { get; init; } = 20;

    public double SampledShare { get; init; } = 0.5;

    public double AcceptLimit { get; init; } = 0.95;

    public int RefusalLimit { get; init; } = 5;

    public Duration EvaluationTime { get; init; } = Duration.FromMicroseconds(10);

    public Duration MessageTime { get; init; } = Duration.FromMilliseconds(1);

    public override IReadOnlyList<ExperimentFigure> Figures => BalanceFigures.All;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => new CellSimulation(this, random).Run(cancel);

    internal IBalancer Create()
    {
        SearchCost cost = new(OverloadWeight, TrafficWeight);
        return Balancer switch
        {
            Balancer.Random => new RandomBalancer(Budget),
            Balancer.Greedy => new GreedySearch(cost, Budget),
            Balancer.Tabu => new TabuSearch(cost, Budget, TabuCandidates, TabuTenure),
            Balancer.Annealing => new Annealing(cost, Budget, Hottest, Coldest),
            Balancer.Agents => new AgentBalancer(Candidates, SampledShare, AcceptLimit, RefusalLimit),
            _ => new NoBalancer(),
        };
    }
}
