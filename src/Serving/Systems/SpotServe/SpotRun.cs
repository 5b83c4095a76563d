using System.Numerics;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>One run of the experiment.</summary>
internal sealed class SpotRun
{
    /// <summary>More would take longer than an experiment may.</summary>
    private const double MostRequests = 2e6;

    private readonly SpotServeOptions _options;
    private readonly RandomStream _arrivals;
    private readonly RateSteps _rate;
    private readonly CapacityTrace _capacity;
    private readonly CapacityTrace? _spot;
    private readonly IReadOnlyList<MarketChange> _changes;
    private readonly VirtualClock _clock = new();
    private readonly Moments _gaps = new();

    /// <exception cref="InputException">The options do not go together.</exception>
    public SpotRun(SpotServeOptions options, RandomStream random)
    {
        _options = options;
        LayerProfile profile = LayerProfile.All.First(known => known.Name == options.Model);
        if (!BitOperations.IsPow2(options.Batch)) throw new InputException($"batch: {options.Batch} is not profiled; write 1, 2 or 4");
        if (!BitOperations.IsPow2(options.GpusPerMachine)) throw new InputException($"gpusPerMachine: {options.GpusPerMachine} is no power of two; write 1, 2, 4, 8 or 16");
        _capacity = CapacityTraces.Find(options.Capacity);
        if (_capacity.End.IsNever) throw new InputException($"capacity: '{options.Capacity}' has no end, and requests arrive until then; add ', end TIME'");
        string? spot = options.Spot ?? SpotMarket.SpotWithin.GetValueOrDefault(options.Capacity.Trim());
        _spot = spot is null ? null : CapacityTraces.Find(spot);
        _rate = options.Rate is null ? RateSteps.Constant(profile.Rate) : RateSteps.Parse(options.Rate, "rate");
        RateSteps required = options.Required is null ? RateSteps.Constant(profile.RequiredRate) : RateSteps.Parse(options.Required, "required");
        if (_rate.Steps.Max(step => step.PerSecond) * _capacity.End.Seconds > MostRequests)
            throw new InputException("rate: more than two million requests would arrive before the capacity's end; lower one of them");
        string losses = options.Lost ?? SpotMarket.KnownLosses.GetValueOrDefault(options.Capacity.Trim()) ?? "";
        _changes = SpotMarket.Changes(_capacity, losses, required, random.Split("losses"));
        _arrivals = random.Split("arrivals");
        Cluster = new SpotCluster(_clock, options, profile);
    }

    /// <summary>The books, after the run.</summary>
    public SpotCluster Cluster { get; }

    public ExperimentResult Run(CancellationToken cancel)
    {
        SpotController controller = _options.Policy switch
        {
            SpotPolicy.Spotserve => new SpotServeController(Cluster),
            SpotPolicy.Reparallelisation => new ReparallelisationController(Cluster),
            SpotPolicy.Rerouting => new ReroutingController(Cluster, FixedCut()),
            _ => throw new ArgumentOutOfRangeException(nameof(cancel), _options.Policy, "no controller for this policy"),
        };
        _clock.Spawn("controller", () => controller.Run(_changes));
        _clock.Spawn("arrivals", Arrive);
        foreach (MarketChange change in _changes)
            if (change.Removed.Count > 0) _clock.Spawn("withdrawal", () => Withdraw(change));
        Duration slice = Duration.FromMinutes(10);
        for (Instant limit = Instant.Zero + slice; !_clock.Run(limit); limit += slice) cancel.ThrowIfCancellationRequested();
        Cluster.ServiceChanged();
        Instant billed = Instant.Max(_capacity.End, Cluster.Requests.LastFinish);
        return SpotFigures.Of(Cluster, SpotBill.Of(_capacity, _spot, billed, _options.SpotPrice, _options.OnDemandPrice), _gaps);
    }

    /// <summary>How the planner would cut the model for one size of the cluster.</summary>
    private Configuration? FixedCut()
    {
        int machines = _options.Cut == FixedCutFor.Largest ? _capacity.PeakUnits : _capacity.Changes.Min(change => change.Units);
        int gpus = machines * _options.GpusPerMachine;
        double required = _changes[0].RequiredRate!.Value;
        PlannedConfiguration? planned = Cluster.Optimiser.Choose(gpus, required, _options.AnswerTokens);
        return planned is null ? null : planned.Configuration with { Batch = _options.Batch };
    }

    private async ValueTask Withdraw(MarketChange change)
    {
        await _clock.Until(change.At);
        Cluster.Lose(change.Removed);
    }

    private async ValueTask Arrive()
    {
        Instant at = Instant.Zero;
        while (true)
        {
            double gapSeconds = Gap(_rate.At(at));
            at += Duration.FromSeconds(gapSeconds);
            if (at >= _capacity.End) return;
            _gaps.Add(gapSeconds);
            await _clock.Until(at);
            Cluster.Arrive();
        }
    }

    private double Gap(double perSecond)
    {
        const double milliseconds = 1e-3;
        IDistribution gap = _options.Arrivals switch
        {
            SpotArrivals.AlmostPeriodic => new Gamma(1 / (perSecond * milliseconds) / _options.Cv, _options.Cv * milliseconds),
            SpotArrivals.Gamma => Gamma.FromMeanAndCv(1 / perSecond, _options.Cv),
            _ => Gamma.FromMeanAndCv(1 / perSecond, 1),
        };
        return gap.Sample(_arrivals);
    }
}
