using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Calibration;
using Orrery.Lab.Import;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>Level F2: iterations of a layer or a whole model, prompts alone, decodes alone and both in one step, and by skew of the decodes' lengths.</summary>
public static class IterationLevel
{
    public const string Name = "F2";

    /// <summary>Attention of mixed and skewed batches, without the rest of the layer.</summary>
    public const string Attention = "attention of a step";

    /// <summary>A layer without routed experts.</summary>
    public const string Layer = "layer";

    /// <summary>All layers, head and the time between steps, as a publisher timed them.</summary>
    public const string Model = "whole model";

    /// <summary>The part of all kinds of steps together.</summary>
    public const string EveryStep = "every step";

    /// <summary>Longest over mean context up to which a batch counts as even, as a little and as rather skewed.</summary>
    private static readonly double[] SkewEnds = [1.05, 2, 4];

    /// <summary>Figures of all tables that time steps; stops between tables when asked to.</summary>
    public static FidelityFindings Evaluate(FidelityData data, IReadOnlyList<FidelityMode> modes, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(modes);
        FidelityFindings findings = new();
        ModelStep[] steps = [.. ModelSteps(data, findings.Warn)];
        foreach (FidelityMode mode in modes)
        {
            List<Timed> timed = [];
            timed.AddRange(data.Devices.AsParallel().AsOrdered().SelectMany(device =>
                cancel.IsCancellationRequested || data.Profile(device, mode) is not { Prefill: not null, Decode: not null } profile ? [] : Layers(data, device, profile)));
            timed.AddRange(steps.GroupBy(step => step.Device.Name).OrderBy(group => group.Key, StringComparer.Ordinal).AsParallel().AsOrdered().SelectMany(group =>
                cancel.IsCancellationRequested || data.Cost(group.First().Device, mode) is not { } cost ? [] : Models(group, cost)));
            foreach (IGrouping<string, ModelStep> device in steps.GroupBy(step => step.Device.Name).Where(group => data.Cost(group.First().Device, mode) is null))
                findings.Warn($"{device.Count()} iterations on {device.Key} left out of {ChoiceNames.Of(mode)}: {FidelityData.Missing(device.First().Device, mode)}");
            foreach (IGrouping<string, Timed> split in timed.GroupBy(t => t.Split)) Write(findings, mode, split.Key, [.. split]);
        }
        return findings;
    }

    private static List<Timed> Layers(FidelityData data, DeviceSpec device, DeviceProfile profile)
    {
        List<Timed> timed = [];
        DeviceTables tables = new(device, data.Sources);
        timed.AddRange(LayerSteps.Attention(profile, tables.Attention).Select(point => new Timed(Attention, device.Name, point)));
        if (profile is not { Matrices: not null, Vectors: not null }) return timed;
        foreach (MeasurementSet set in data.Sets.Where(set => set.Device == device.Name && LayerSteps.CanRead(set)))
        {
            // The data sheet's impossible times are left out as they are when profiles are made.
            MeasurementSet possible = set with { Attention = [.. set.Attention.Where(sample => DataSheetCheck.Allows(device, sample))] };
            timed.AddRange(new LayerSteps(device, possible).Predict(profile).Select(point => new Timed(Layer, device.Name, point)));
        }
        return timed;
    }

    private static IEnumerable<ModelStep> ModelSteps(FidelityData data, Action<string> warn)
    {
        foreach (ModelStep step in ModelStep.Of(data.Sets, warn)) yield return step;
        foreach (string file in Directory.EnumerateFiles(data.Folder, PhasePolynomials.Pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            IReadOnlyList<PhasePolynomial> fits = [];
            try
            {
                fits = PhasePolynomials.Read(file);
            }
            catch (InputException mistake)
            {
                warn($"{mistake.Message}; the file is left out");
            }
            foreach (ModelStep step in fits.SelectMany(fit => ModelStep.Of(fit, warn))) yield return step;
        }
    }

    private static List<Timed> Models(IEnumerable<ModelStep> steps, CostProfile cost)
    {
        List<Timed> timed = [];
        foreach (ModelStep step in steps)
        {
            if (step.Predict(cost) is not { } seconds) continue;
            timed.Add(new(Model, $"{step.Device.Name} {step.Model.Name}", new(step.PromptTokens > 0 ? "prefill" : "decode", 1, step.Batch, step.Seconds, seconds)));
        }
        return timed;
    }

    private static void Write(FidelityFindings findings, FidelityMode mode, string split, Timed[] timed)
    {
        List<(string Part, ErrorSummary Errors)> all = [];
        foreach (IGrouping<string, Timed> group in timed.GroupBy(t => t.Group))
        {
            foreach (IGrouping<string, Timed> kind in group.GroupBy(t => t.Point.Kind).OrderByDescending(kind => kind.Key, StringComparer.Ordinal)) Add(group.Key, kind.Key, kind);
            Add(group.Key, EveryStep, group);
            if (split != Model)
                foreach (IGrouping<int, Timed> skew in group.Where(t => t.Point.Kind != "prefill").GroupBy(t => SkewOf(t.Point)).OrderBy(skew => skew.Key)) Add(group.Key, SkewName(skew.Key), skew);
            foreach (IGrouping<string, Timed> kind in group.GroupBy(t => t.Point.Kind))
                findings.Plot([.. kind.Select(t => new FidelityPoint(Name, mode, group.Key, $"{split}, {t.Point.Kind}", t.Point.Load, t.Point.Measured, t.Point.Predicted))]);
        }
        foreach (IGrouping<string, (string Part, ErrorSummary Errors)> part in all.GroupBy(one => one.Part))
            findings.AddErrors(Row(FidelityRow.All, part.Key), ErrorSummary.Mean([.. part.Select(one => one.Errors)]), FidelityMetric.Mape, FidelityBars.Iteration);

        void Add(string group, string part, IEnumerable<Timed> points)
        {
            ErrorSummary errors = ErrorSummary.Of([.. points.Select(t => (t.Point.Measured, t.Point.Predicted))]);
            findings.AddErrors(Row(group, part), errors, FidelityMetric.Mape, FidelityBars.Iteration);
            all.Add((part, errors));
        }

        FidelityRow Row(string group, string part) => new(Name, mode, split, group, part, FidelityMetric.Mape, 0, 0);
    }

    private static int SkewOf(in StepPoint point)
    {
        int bin = 0;
        while (bin < SkewEnds.Length && point.Skew > SkewEnds[bin]) bin++;
        return bin;
    }

    private static string SkewName(int bin) => bin switch
    {
        0 => "even lengths",
        1 => "longest to 2x mean",
        2 => "longest to 4x mean",
        _ => "longest beyond 4x mean",
    };

    private sealed record Timed(string Split, string Group, StepPoint Point);
}
