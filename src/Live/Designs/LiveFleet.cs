using Orrery.Kernel;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Drafting;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Designs;

/// <summary>
/// The fleet of one live model: one replica of the simulation's kind, built from a design. The same code builds it around the engine and around
/// a tape, so what differs between the two is durations alone.
/// </summary>
public sealed class LiveFleet : IServingObserver
{
    private readonly IServingObserver _observer;
    private readonly ILengthPredictor _lengths;
    private readonly ICallPredictor _calls;

    /// <param name="clock">Wall time, or a tape's.</param>
    /// <param name="design">What decisions depend on.</param>
    /// <param name="parts">Who does the work.</param>
    /// <param name="observer">Learns of every request that leaves.</param>
    /// <exception cref="InputException">Something of the design cannot run live, or needs what was not given.</exception>
    public LiveFleet(Clock clock, LiveDesign design, LiveParts parts, IServingObserver observer)
    {
        ArgumentNullException.ThrowIfNull(design);
        ArgumentNullException.ThrowIfNull(parts);
        if (design.Scheduler.WhyNotLive is { } why) throw new InputException($"this scheduler cannot serve {design.Model}: {why}");
        if (design.PrefixCache && design.Swap is not null) throw new InputException($"{design.Model}: a host pool and shared prefixes exclude each other; write prefixCache: false, or leave hostSwap out");
        Design = design;
        _observer = observer;
        RandomStream random = RandomStream.Root(design.Seed);
        _lengths = design.OutputLength.Create(random.Split("predictors"));
        _calls = new ForCalls(design.CallTimes.Create(random.Split("predictors")));
        ServingMetrics metrics = new(ServiceObjective.None, new QoeRule());
        Fleet = new(clock, new SingleRouter(), metrics, _lengths.Predict, this, calls: _calls, readers: random.Split("readers"));
        Fleet.Add(Build(design, parts));
    }

    public LiveDesign Design { get; }

    public Fleet Fleet { get; }

    public Replica Replica => Fleet.Replicas[0];

    void IServingObserver.Left(Sequence sequence)
    {
        // The answer's true length is known now; live it was not when the request came.
        if (sequence.Outcome == Outcome.Finished) _lengths.Observe(WithLength(sequence.Request, sequence.GeneratedTokens));
        if (sequence.CallsMade > 0) _calls.Observe(sequence.Request);
        _observer.Left(sequence);
    }

    private static ReplicaParts Build(LiveDesign design, LiveParts parts)
    {
        ReplicaFacts facts = new(design.MaxModelTokens, "cpu", design.DeviceMemory, StepTimes: parts.StepTimes);
        ReplicaParts replica = new(0, design.Scheduler.Create(facts), Memory(design, parts.Pages), parts.Executor, design.MaxModelTokens, FastForward: false)
        {
            // What was asked for is copied at once, so a copy costs no time of its own: it is part of the step that follows.
            Swap = design.Swap is { } swap ? new KvSwap(swap, new(1, 1, Duration.Zero, double.PositiveInfinity), design.HostTokens) { Copies = parts.Copies } : null,
            Calls = design.Calls.Create(facts),
            Acceptance = parts.Acceptance,
            Steps = parts.Steps,
        };
        if (design.Draft is not { } draft) return replica;
        if (!design.Scheduler.TakesDrafts) throw new InputException($"{design.Model}: the rows of this scheduler's batches advance together, so none can speculate; take another scheduler or leave the draft out");
        if (parts.Proposals is null || parts.Acceptance is null) throw new ArgumentException("a design that drafts needs proposals and their acceptance", nameof(parts));
        if (draft.Control.NeedsStepTimes && parts.StepTimes is null) throw new InputException($"{design.Model}: this control of drafts weighs step times; calibrate the engine first and give its profile, or write control: fixed");
        IDraftControl control = draft.Control.Create(new(parts.StepTimes!, Duration.Zero, draft.LooksUp));
        Speculator speculator = new(control, parts.Proposals, new(design.StepTokens, draft.Positions, Duration.Zero));
        return replica with { AddOns = [speculator] };
    }

    private static IKvMemory Memory(LiveDesign design, KvPages? pages)
    {
        if (design.PrefixCache) return new PrefixCachedMemory(design.Blocks, LiveDesign.BlockTokens, pages);
        PagedMemory memory = new(design.Blocks, LiveDesign.BlockTokens);
        return pages is null ? memory : new PhysicalMemory(memory, pages);
    }

    private static Request WithLength(Request request, int outputTokens) => new()
    {
        Id = request.Id,
        Arrival = request.Arrival,
        PromptTokens = request.PromptTokens,
        OutputTokens = outputTokens,
        Client = request.Client,
        Adapter = request.Adapter,
        Calls = request.Calls,
    };

    /// <summary>Foretells calls of requests that make some; of the others it would only say that no call comes before their longest length.</summary>
    private sealed class ForCalls(ICallPredictor inner) : ICallPredictor
    {
        public ICallForecasts? Track(Request request) => request.Calls is { Length: > 0 } ? inner.Track(request) : null;

        public void Observe(Request request) => inner.Observe(request);
    }

    /// <summary>There is one replica, and the fleet asks nobody.</summary>
    private sealed class SingleRouter : IRouter
    {
        public int Choose(Sequence sequence, IFleetView fleet) => 0;
    }
}
