using Orrery.Kernel.Random;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.Live.Calibration;

/// <summary>A model on the engine of this machine, as the cost model knows it after its steps were measured.</summary>
public sealed class CalibratedEngine
{
    /// <summary>Of the measured steps one in so many is predicted from the others.</summary>
    private const int LeftOutEvery = 4;

    private CalibratedEngine(ModelSpec model, PrecisionPlan precision, MachineFacts machine, DeviceProfile profile) =>
        (Model, Precision, Machine, Profile) = (model, precision, machine, profile);

    public ModelSpec Model { get; }

    public PrecisionPlan Precision { get; }

    public MachineFacts Machine { get; }

    /// <summary>As it reads back from the file that it is written to.</summary>
    public DeviceProfile Profile { get; }

    /// <summary>Errors of whole steps that were fitted, and of those that were left out of a fit like it; by kind, all steps first.</summary>
    public IReadOnlyList<StepErrors> Errors { get; private init; } = [];

    /// <summary>The model here, with the engine's times.</summary>
    public Deployment Deployment => DeploymentOf(Model, Precision, Machine.Device(), Profile);

    /// <summary>A cost model for policies that forecast their steps; one object serves one run.</summary>
    public ICostModel Cost => CostOf(Model, Precision, Machine.Device(), Profile);

    /// <summary>The same from a device and a profile that were read from their files.</summary>
    public static ICostModel CostOf(ModelSpec model, PrecisionPlan precision, DeviceSpec device, DeviceProfile profile) => new RooflineCost(DeploymentOf(model, precision, device, profile));

    /// <summary>Fits the law of steps, judges it on steps left out, and puts it into a profile.</summary>
    /// <param name="model">What was measured.</param>
    /// <param name="precision">Its formats.</param>
    /// <param name="machine">Where.</param>
    /// <param name="samples">The measured grid.</param>
    /// <param name="seed">Of the choice of what is left out.</param>
    public static CalibratedEngine Of(ModelSpec model, PrecisionPlan precision, MachineFacts machine, IReadOnlyList<StepSample> samples, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(samples);
        DeviceSpec device = machine.Device();
        bool[] isOut = LeftOut(samples, seed);
        StepSample[] kept = [.. samples.Where((_, i) => !isOut[i])];
        StepSample[] judged = [.. samples.Where((_, i) => isOut[i])];
        DeviceProfile half = ReadBack(LawProfile.Of(StepLaw.Fit(kept, model), model, precision, device));
        DeviceProfile whole = ReadBack(LawProfile.Of(StepLaw.Fit(samples, model), model, precision, device));
        StepErrors[] errors =
        [
            .. new StepKind?[] { null, StepKind.Decode, StepKind.Prefill, StepKind.Mixed }.Select(kind => new StepErrors(
                kind, ErrorOf(whole, samples, kind), ErrorOf(half, judged, kind))).Where(error => error.Fit.Samples > 0),
        ];
        DeviceProfile stated = whole with { Errors = Families(errors) };
        return new(model, precision, machine, ReadBack(stated)) { Errors = errors };

        FitError ErrorOf(DeviceProfile profile, IReadOnlyList<StepSample> of, StepKind? kind)
        {
            FitErrors pairs = new();
            StepCost cost = CostOf(model, precision, device, profile).CreateStep();
            StepShape shape = new();
            foreach (StepSample sample in of.Where(sample => kind is null || sample.Point.Kind == kind))
            {
                sample.Point.Fill(shape);
                cost.Prepare(shape);
                pairs.Add(cost.At(0).Seconds, sample.Seconds);
            }
            return pairs.Summary();
        }
    }

    /// <summary>The same with other CPU times around steps, such as a live replica showed.</summary>
    public CalibratedEngine WithCpu(double stepSeconds, double sequenceSeconds) =>
        new(Model, Precision, Machine, ReadBack(Profile with { Engine = Profile.Engine with { StepCpuSeconds = stepSeconds, SequenceCpuSeconds = sequenceSeconds } })) { Errors = Errors };

    private static Deployment DeploymentOf(ModelSpec model, PrecisionPlan precision, DeviceSpec device, DeviceProfile own)
    {
        // Families that a single CPU without experts is never asked for come from what was learnt on other devices, as when a scenario reads the file.
        CostProfile cost = Catalog.ProfileOf(device).Measured is { } rest ? CostProfile.Analytic.With(own.CompletedBy(rest)) : CostProfile.Analytic.With(own);
        return Deployment.Create(model, device, precision: precision, profile: cost, engine: own.Engine.Apply(EngineProfile.Generic));
    }

    private static DeviceProfile ReadBack(DeviceProfile profile) => DeviceProfile.Read(profile.Write());

    /// <summary>Drawn among the steps that no knot rests on alone: a curve is not asked to guess beyond its ends.</summary>
    private static bool[] LeftOut(IReadOnlyList<StepSample> samples, ulong seed)
    {
        RandomStream draws = RandomStream.Root(seed).Split("left out");
        var isOut = new bool[samples.Count];
        for (int i = 0; i < isOut.Length; i++) isOut[i] = draws.NextInt(LeftOutEvery) == 0 && !IsEnd(samples[i].Point, samples);
        return isOut;
    }

    private static bool IsEnd(StepPoint point, IReadOnlyList<StepSample> samples)
    {
        bool isUnfinished = point.Sampled == 0;
        if (!isUnfinished && point.Kind != StepKind.Decode) return false;
        int[] counts = [.. samples.Where(sample => isUnfinished ? sample.Point.Sampled == 0 : sample.Point.Kind == StepKind.Decode).Select(sample => sample.Point.Tokens)];
        return point.Tokens == counts.Min() || point.Tokens == counts.Max();
    }

    /// <summary>Where a profile states them: decodes and prompts with their attention, all steps with the products that are most of them.</summary>
    private static Dictionary<ProfileFamily, FamilyErrors> Families(IEnumerable<StepErrors> errors) => errors.ToDictionary(
        error => error.Kind switch
        {
            StepKind.Decode => ProfileFamily.Decode,
            StepKind.Prefill => ProfileFamily.Prefill,
            StepKind.Mixed => ProfileFamily.Mixed,
            _ => ProfileFamily.Matrices,
        },
        error => new FamilyErrors(error.Fit, error.LeftOut.Samples > 0 ? error.LeftOut : null, null));
}

/// <summary>How far the profile's whole steps lie from measured ones.</summary>
/// <param name="Kind">Of steps; null for all.</param>
/// <param name="Fit">Steps that it was fitted to.</param>
/// <param name="LeftOut">Steps that a fit like it was not given.</param>
public sealed record StepErrors(StepKind? Kind, FitError Fit, FitError LeftOut);
