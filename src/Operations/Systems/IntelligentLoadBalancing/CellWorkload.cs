using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>A task of the workload.</summary>
/// <param name="Base">What it uses on average.</param>
/// <param name="Ends">When it ends.</param>
/// <param name="DirtyRate">How fast it writes to its memory.</param>
internal readonly record struct CellTask(Demand Base, Instant Ends, BytesPerSecond DirtyRate);

/// <summary>
/// A cell in the shape of Google's public traces: machines of a few unlike kinds, tasks with long-tailed demands and run times (most are
/// short, most of the load is long), a daily swing, and use that wanders while a task runs.
/// </summary>
/// <param name="options">Rates and spreads.</param>
/// <param name="random">Its chance; numbers of a task are keyed by its id, so that a balancer never changes the workload.</param>
internal sealed class CellWorkload(IntelligentLoadBalancingOptions options, RandomStream random)
{
    /// <summary>Kinds of machines of the 2011 cell (12,583 machines): CPU and memory as shares of the largest, and how many there are (c).</summary>
    private static readonly (double Cpu, double Memory, int Count)[] Machines =
        [(0.5, 0.5, 6732), (0.5, 0.25, 3863), (0.5, 0.75, 1001), (1, 1, 795), (0.25, 0.25, 126), (0.5, 0.12, 52)];

    // Demands of tasks: medians as shares of the largest machine and deviations of their logarithms, correlated (d).
    private const double MedianDemand = 0.02;
    private const double DemandSigma = 0.9;
    private const double Correlation = 0.5;
    private const double LargestDemand = 0.25;

    // Run times: most tasks end within a quarter of an hour, the load is in those of hours and days (d).
    private const double MedianRunSeconds = 900;
    private const double RunSigma = 2;
    private const double LongestRunSeconds = 30 * 86_400.0;

    private const double DirtySigma = 1;
    private const double DailySwing = 0.2;
    private const double SecondsPerDay = 86_400;
    private const double PeakHour = 14;

    private static readonly double MeanDemand = MedianDemand * Math.Exp(0.5 * DemandSigma * DemandSigma);
    private static readonly double MeanRunSeconds = MedianRunSeconds * Math.Exp(0.5 * RunSigma * RunSigma);

    private readonly RandomStream _tasks = random.Split("tasks");
    private readonly RandomStream _arrivals = random.Split("arrivals");
    private readonly RandomStream _cpu = random.Split("cpu");
    private readonly RandomStream _memory = random.Split("memory");

    /// <summary>The nodes, in the proportions of the cell, shuffled.</summary>
    public IReadOnlyList<Demand> Nodes()
    {
        RandomStream order = random.Split("nodes");
        int total = Machines.Sum(kind => kind.Count);
        var nodes = new Demand[options.Nodes];
        for (int i = 0; i < nodes.Length; i++)
        {
            double place = (i + 0.5) / nodes.Length * total;
            int kind = 0;
            while (kind < Machines.Length - 1 && place >= Machines[kind].Count) place -= Machines[kind++].Count;
            nodes[i] = new(Machines[kind].Cpu, Machines[kind].Memory, Machines[kind].Memory);
        }
        for (int i = nodes.Length - 1; i > 0; i--)
        {
            int j = order.NextInt(i + 1);
            (nodes[i], nodes[j]) = (nodes[j], nodes[i]);
        }
        return nodes;
    }

    /// <summary>Tasks that run at the same time on average: as many as use the asked share of the scarcest resource.</summary>
    public int MeanTasks(IReadOnlyList<Demand> nodes) =>
        (int)Math.Round(options.Load * Math.Min(nodes.Sum(node => node.Cpu), nodes.Sum(node => node.Memory)) / MeanDemand);

    /// <summary>Tasks that begin in an interval of the run.</summary>
    public int Arrivals(Instant now, Duration interval, int meanTasks) =>
        Poisson(meanTasks / MeanRunSeconds * interval.Seconds * Swing(now), _arrivals);

    /// <param name="id">Its number, in the order of drawing.</param>
    /// <param name="now">When it begins, or the start of the run.</param>
    /// <param name="isRunning">True at the start of the run: who runs then is likely a long task, somewhere within its run.</param>
    public CellTask Draw(int id, Instant now, bool isRunning)
    {
        RandomStream stream = _tasks.Split(id);
        double common = Normal.Standard(stream);
        Demand use = new(Part(), Part(), 0.5 * Part());
        double shift = isRunning ? RunSigma * RunSigma : 0;
        double run = Math.Min(LongestRunSeconds, MedianRunSeconds * Math.Exp(shift + (RunSigma * Normal.Standard(stream))));
        if (isRunning) run *= stream.NextDouble();
        double dirty = options.DirtyRate * Math.Exp(DirtySigma * Normal.Standard(stream));
        return new(use, now + Duration.FromSeconds(run), new BytesPerSecond(dirty));

        double Part() => Math.Min(LargestDemand, MedianDemand * Math.Exp(DemandSigma * ((Math.Sqrt(Correlation) * common) + (Math.Sqrt(1 - Correlation) * Normal.Standard(stream)))));
    }

    /// <summary>What a task uses in an interval: processor time wanders and follows the day, memory wanders less.</summary>
    /// <param name="id">The task.</param>
    /// <param name="task">What it is on average.</param>
    /// <param name="interval">Number of the interval.</param>
    /// <param name="now">Its start.</param>
    public Demand UseAt(int id, CellTask task, long interval, Instant now)
    {
        // Between two anchors the wandering factor is interpolated, so that it changes over WanderIntervals and not at once.
        double cpu = Math.Exp((options.Wander * Wander(_cpu, id, interval)) - (0.5 * options.Wander * options.Wander));
        double memory = Math.Exp(options.MemoryWander * Wander(_memory, id, interval));
        return new(task.Base.Cpu * cpu * Swing(now), task.Base.Memory * memory, task.Base.Disk);
    }

    private double Wander(RandomStream stream, int id, long interval)
    {
        // Anchors an hour apart at the default interval; each task's lie at places of its own.
        int span = options.WanderIntervals;
        long place = interval + (id % span);
        double share = (double)(place % span) / span;
        double before = Anchor(stream, id, place / span);
        double after = Anchor(stream, id, (place / span) + 1);
        return ((before * (1 - share)) + (after * share)) / Math.Sqrt((share * share) + ((1 - share) * (1 - share)));
    }

    private static double Anchor(RandomStream stream, int id, long index)
    {
        const double halfStep = 1.0 / (1UL << 54);
        return SpecialFunctions.NormalQuantile(stream.Keyed(id, index) + halfStep);
    }

    private static double Swing(Instant now) => 1 + (DailySwing * Math.Cos(2 * Math.PI * ((now.Seconds - (PeakHour * 3600)) / SecondsPerDay)));

    private static int Poisson(double mean, RandomStream random)
    {
        // Sums of exponentials; intervals have tens to thousands of arrivals.
        int count = -1;
        double sum = 0;
        do
        {
            sum -= Math.Log(random.NextPositive());
            count++;
        }
        while (sum < mean);
        return count;
    }
}
