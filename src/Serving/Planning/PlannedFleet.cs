using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;

namespace Orrery.Serving.Planning;

/// <summary>Equal replicas of a planned fleet.</summary>
/// <param name="Design">What they are made of, role included.</param>
/// <param name="Count">How many.</param>
public sealed record PlannedReplicas(ReplicaDesign Design, int Count)
{
    /// <summary>Step times in place of the design's; null for those.</summary>
    public Func<ICostModel>? Cost { get; init; }

    public int Devices => Count * Design.Deployment.Parallel.Devices;
}

/// <summary>A fleet that a planner considers: it is built anew for every probe and runs in virtual time.</summary>
/// <param name="Replicas">Its entries, in the order of their numbers.</param>
/// <param name="Router">Chooses replicas.</param>
/// <param name="Options">Hand-overs and links.</param>
public sealed record PlannedFleet(IReadOnlyList<PlannedReplicas> Replicas, RouterSpec Router, FleetOptions Options)
{
    /// <summary>Devices of all replicas.</summary>
    public int Devices => Replicas.Sum(entry => entry.Devices);

    /// <summary>True where policies know output lengths: an oracle predicts them.</summary>
    public bool KnowsOutputs { get; init; }

    /// <summary>Runs the requests to their end.</summary>
    public ProbeResult Run(IReadOnlyList<Request> requests, CancellationToken cancel, Action<IRouter>? afterEach = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        VirtualClock clock = new();
        IRouter router = Router.Create(RandomStream.Root(0));
        ProbeResult result = new(requests.Count) { Departed = afterEach is null ? null : () => afterEach(router) };
        Func<Request, int> predict = KnowsOutputs ? static request => request.OutputTokens : static _ => 0;
        Fleet fleet = new(clock, router, new ServingMetrics(ServiceObjective.None, new QoeRule()), predict, result, options: Options);
        foreach (PlannedReplicas entry in Replicas)
        {
            ReplicaFactory factory = new(entry.Design, RandomStream.Root(0));
            ICostModel? cost = entry.Cost?.Invoke();
            for (int i = 0; i < entry.Count; i++)
            {
                ReplicaParts parts = factory.Create(fleet.Replicas.Count, fastForward: true);
                fleet.Add(cost is null ? parts : parts with { Executor = new ModelledExecutor(cost) });
            }
        }
        fleet.Feed(new PlannedTraffic(requests));
        using CancellationTokenRegistration registration = cancel.Register(clock.Stop);
        clock.Run();
        cancel.ThrowIfCancellationRequested();
        result.End(fleet);
        return result;
    }
}

/// <summary>A prompt takes no time here: what is left is the phase of decodes, fed at the rate of arrivals.</summary>
internal sealed class FreePrompts(ICostModel inner) : ICostModel
{
    public int PipelineStages => inner.PipelineStages;

    public StepCost CreateStep() => new Step(inner.CreateStep());

    private sealed class Step(StepCost inner) : StepCost
    {
        private static readonly Duration Nothing = Duration.FromNanoseconds(1);
        private bool _isFree;

        public override void Prepare(World.Steps.StepShape shape)
        {
            _isFree = shape.PrefillTokens > 0;
            inner.Prepare(shape);
        }

        public override Duration At(int k) => _isFree ? Nothing : inner.At(k);

        public override Duration StageAt(int k) => _isFree ? Nothing : inner.StageAt(k);

        public override Duration StageAt(int k, int stage) => _isFree ? Nothing : inner.StageAt(k, stage);

        public override Int128 FlopsAt(int k) => inner.FlopsAt(k);

        public override long MemoryBytesAt(int k) => inner.MemoryBytesAt(k);

        public override StepTerms TermsAt(int k) => inner.TermsAt(k);
    }
}
