using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>One change of the cluster as the table shows it.</summary>
internal sealed record SpotSwitch(
    Instant At, int Machines, string Configuration, int Kept, int Restarted, double StoppedSeconds, long MovedBytes, long LoadedBytes);

/// <summary>What all controllers share: the clock, the queue, the replicas and the books.</summary>
internal sealed class SpotCluster(Clock clock, SpotServeOptions options, LayerProfile profile)
{
    private readonly List<SpotSwitch> _switches = [];
    private Instant _counted;
    private int _wanted;
    private int _serving;

    public Clock Clock { get; } = clock;

    public SpotServeOptions Options { get; } = options;

    public LayerProfile Profile { get; } = profile;

    public ConfigurationOptimiser Optimiser { get; } = new(profile, options.LeastGpus ?? profile.LeastGpus, options.Batch);

    public DeviceMapper Mapper { get; } = new(profile, options.GpusPerMachine);

    public MigrationPlanner Planner { get; } = new(
        profile, options.GpusPerMachine, new MachineSpeeds(options.Network, options.Local, options.Storage));

    public RequestManager Requests { get; } = new(options.AnswerTokens);

    public int AnswerTokens => Options.AnswerTokens;

    /// <summary>Tokens for which the KV buffers of a request are made (b).</summary>
    public int ContextTokens => LayerProfile.PromptTokens + AnswerTokens;

    /// <summary>Those of the present configuration, by their number; and none that was stopped.</summary>
    public List<ServingReplica> Replicas { get; } = [];

    /// <summary>Machines that went.</summary>
    public HashSet<int> Gone { get; } = [];

    public IReadOnlyList<SpotSwitch> Switches => _switches;

    /// <summary>Replicas that went with a machine while they served.</summary>
    public int Crashes { get; private set; }

    /// <summary>Time without a replica that serves.</summary>
    public double DarkSeconds { get; private set; }

    /// <summary>Share of the wanted replicas that did not serve, over time.</summary>
    public double ShortSeconds { get; private set; }

    public int MachineOf(int gpu) => gpu / Options.GpusPerMachine;

    public bool IsGone(int gpu) => Gone.Contains(MachineOf(gpu));

    /// <summary>Gives waiting requests to replicas that are free and can yield a token before they stop.</summary>
    public void Dispatch()
    {
        foreach (ServingReplica replica in Replicas)
        {
            int count = Requests.NextBatch(Options.Batch);
            if (count == 0) return;
            if (!replica.TakesWork) continue;
            BatchTimes times = Optimiser.Times(replica.Shape, count);
            if (InterruptionArranger.TokensThatFit(replica.StopAt - Clock.Now, times, AnswerTokens) == 0) continue;
            replica.Give(Requests.Take(count));
        }
    }

    public void Arrive()
    {
        Requests.Arrive(Clock.Now);
        Dispatch();
    }

    /// <summary>Machines go, noticed or not: replicas that still use them end, and their requests start again.</summary>
    public void Lose(IReadOnlyList<int> machines)
    {
        Gone.UnionWith(machines);
        foreach (ServingReplica replica in Replicas.ToArray())
        {
            if (!replica.Machines.Overlaps(machines)) continue;
            Crashes++;
            StopAndReturn(replica);
            Replicas.Remove(replica);
        }
        ServiceChanged();
        Dispatch();
    }

    /// <summary>Stops a replica; its requests wait again.</summary>
    /// <returns>True when it had a batch.</returns>
    public bool StopAndReturn(ServingReplica replica)
    {
        SpotBatch? batch = replica.Stop();
        if (batch is not null) Requests.Return(batch);
        return batch is not null;
    }

    /// <summary>How many replicas the controller wants to serve from now on.</summary>
    public void Want(int replicas)
    {
        Count();
        _wanted = replicas;
    }

    /// <summary>To be called at the instant at which a replica starts or ends serving.</summary>
    public void ServiceChanged() => Count();

    public void Log(SpotSwitch change) => _switches.Add(change);

    // The time since the last call counts with the replicas that served then.
    private void Count()
    {
        double seconds = (Clock.Now - _counted).Seconds;
        _counted = Clock.Now;
        if (seconds > 0)
        {
            if (_serving == 0) DarkSeconds += seconds;
            if (_wanted > 0) ShortSeconds += seconds * (1 - Math.Min(1.0, (double)_serving / _wanted));
        }
        _serving = Replicas.Count(static replica => replica.Serves);
    }
}
