using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Replicas;
using Orrery.World.Deployments;
using Orrery.World.Profiles;

namespace Orrery.Lab.Telemetry;

/// <summary>
/// A scenario whose device and engine have a handful of unknown constants: factors on matrix products, on attention of prompts, on attention of
/// decodes and, with several devices, on collectives; seconds per step and, where the device waits for the CPU, per sequence.
/// </summary>
/// <remarks>
/// An engine that plans ahead hides its CPU time behind the device, so that no log can tell it; what a log tells there is the gap between steps.
/// </remarks>
internal sealed class TelemetryModel
{
    private const string Matrices = "matrix products";
    private const string Prefill = "attention of prompts";
    private const string Decode = "attention of decodes";
    private const string Collectives = "collectives";
    private const string Step = "each step";
    private const string EachSequence = "each sequence of a step";

    /// <summary>Bounds of a step's overhead: a launch of a captured graph; a slow Python loop (d).</summary>
    private const double ShortestStepSeconds = 20e-6;
    private const double LongestStepSeconds = 20e-3;
    private const double ShortestSequenceSeconds = 0.5e-6;
    private const double LongestSequenceSeconds = 500e-6;

    private readonly Scenario _scenario;
    private readonly bool _plansAhead;
    private readonly KvCapacity? _capacity;

    /// <param name="scenario">With the log's requests as its traffic.</param>
    /// <param name="blocks">KV blocks that each engine of the server reported; null keeps those of the memory arithmetic.</param>
    /// <exception cref="InputException">The scenario has parts that a log cannot calibrate, or no room for these blocks.</exception>
    public TelemetryModel(Scenario scenario, long? blocks)
    {
        _scenario = scenario;
        FleetEntry first = scenario.Fleet[0];
        if (first.Deployment.Profile.Measured is null)
            throw new InputException("profile: analytic has stated constants and no profile to calibrate; write profile: measured or profile: transfer");
        foreach (FleetEntry entry in scenario.Fleet)
        {
            if (entry.Deployment.Device.Name != first.Deployment.Device.Name || entry.Deployment.Engine != first.Deployment.Engine || entry.Written.Profile.Text != first.Written.Profile.Text)
                throw new InputException("fleet: a calibration is of one device with one engine; leave the other entries out");
            if (entry.Design.Draft is not null || entry.Design.Finetune is not null)
                throw new InputException("fleet: drafts and finetuning share the device with what is calibrated; calibrate on a log without them");
        }
        _plansAhead = first.Deployment.Engine.PlansAhead;
        Parameters = [.. List(first.Deployment)];
        if (blocks is { } count) _capacity = Reported(first, count);
    }

    public IReadOnlyList<TelemetryParameter> Parameters { get; }

    /// <summary>The scenario with these values of the parameters.</summary>
    public Scenario With(IReadOnlyList<double> values)
    {
        ProfileFactors factors = Factors(values);
        EngineOverrides engine = Engine(values);
        return _scenario with { Fleet = [.. _scenario.Fleet.Select(entry => entry with { Design = Changed(entry.Design, factors, engine) })] };
    }

    /// <summary>The profile that makes a scenario run with these values.</summary>
    public DeviceProfile Profile(IReadOnlyList<double> values, string source) =>
        _scenario.Fleet[0].Deployment.Profile.Measured! with
        {
            Name = _scenario.Fleet[0].Deployment.Device.Name,
            Source = source,
            Factors = Factors(values),
            Engine = Engine(values),
        };

    private IEnumerable<TelemetryParameter> List(Deployment deployment)
    {
        yield return TelemetryParameter.Factor(Matrices);
        yield return TelemetryParameter.Factor(Prefill);
        yield return TelemetryParameter.Factor(Decode);
        if (deployment.Parallel.Devices > 1) yield return TelemetryParameter.Factor(Collectives);
        EngineProfile engine = deployment.Engine;
        yield return TelemetryParameter.Seconds(Step, _plansAhead ? engine.StepGapSeconds : engine.StepCpuSeconds, ShortestStepSeconds, LongestStepSeconds);
        if (!_plansAhead) yield return TelemetryParameter.Seconds(EachSequence, engine.SequenceCpuSeconds, ShortestSequenceSeconds, LongestSequenceSeconds);
    }

    /// <summary>Over the factors that the base profile already has.</summary>
    private ProfileFactors Factors(IReadOnlyList<double> values)
    {
        ProfileFactors own = _scenario.Fleet[0].Deployment.Profile.Factors;
        double matrices = Value(values, Matrices) ?? 1;
        double decode = Value(values, Decode) ?? 1;
        return own with
        {
            Matrices = own.Matrices * matrices,
            Vectors = own.Vectors * matrices,
            Experts = own.Experts * matrices,
            Prefill = own.Prefill * (Value(values, Prefill) ?? 1),
            Decode = own.Decode * decode,
            Mixed = own.Mixed * decode,
            Collectives = own.Collectives * (Value(values, Collectives) ?? 1),
        };
    }

    private EngineOverrides Engine(IReadOnlyList<double> values)
    {
        EngineOverrides own = _scenario.Fleet[0].Deployment.Profile.Measured!.Engine;
        double? step = Value(values, Step);
        EngineOverrides changed = _plansAhead ? own with { StepGapSeconds = step } : own with { StepCpuSeconds = step, SequenceCpuSeconds = Value(values, EachSequence) };
        return _capacity is { } capacity ? changed with { RuntimeBytes = capacity.Runtime.Count } : changed;
    }

    private double? Value(IReadOnlyList<double> values, string name)
    {
        for (int i = 0; i < Parameters.Count; i++)
            if (Parameters[i].Name == name) return values[i];
        return null;
    }

    private ReplicaDesign Changed(ReplicaDesign design, ProfileFactors factors, EngineOverrides engine)
    {
        Deployment d = design.Deployment;
        Deployment deployment = Deployment.Create(d.Model, d.Device, d.Parallel, d.Precision, d.Interconnect, d.Profile with { Factors = factors }, engine.Apply(d.Engine));
        if (_capacity is not { } capacity) return design with { Deployment = deployment };
        long room = capacity.Tokens / d.Parallel.Data;
        return design with { Deployment = deployment, Capacity = capacity, MaxModelTokens = (int)Math.Min(design.MaxModelTokens, room) };
    }

    /// <summary>
    /// The memory arithmetic with as much runtime memory as leaves the reported blocks; half a block more room, so that rounding of bytes
    /// takes none away.
    /// </summary>
    private KvCapacity Reported(FleetEntry entry, long blocks)
    {
        if (_scenario.Fleet.Count > 1) throw new InputException("--prometheus: KV blocks belong to one entry of a fleet; leave the other entries out");
        KvCapacity own = entry.Capacity;
        Bytes needed = new((blocks * own.KvPerBlock.Count) + (own.KvPerBlock.Count / 2));
        Bytes runtime = own.Runtime + own.Kv - needed;
        if (runtime.Count < 0)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"--prometheus: the server reports {blocks} KV blocks, but beside the weights there is room for {(own.Runtime + own.Kv).Count / own.KvPerBlock.Count} of {own.BlockTokens} tokens; correct precision, memory.utilization or memory.blockTokens of the scenario"));
        }
        return own with { Blocks = blocks * entry.Deployment.Parallel.Data, Runtime = runtime, Kv = needed };
    }
}
