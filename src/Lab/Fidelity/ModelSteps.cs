using Orrery.Kernel;
using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Models;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.Lab.Fidelity;

/// <summary>A whole iteration of a model as a publisher timed it.</summary>
/// <param name="Device">Catalogue device.</param>
/// <param name="Model">Catalogue model.</param>
/// <param name="Tensor">Tensor-parallel degree.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="PromptTokens">New tokens of each; 0 for a decode step.</param>
/// <param name="ContextTokens">Tokens that each decode attends; 0 for prompts.</param>
/// <param name="Seconds">Measured.</param>
internal sealed record ModelStep(DeviceSpec Device, ModelSpec Model, int Tensor, int Batch, int PromptTokens, int ContextTokens, double Seconds)
{
    private static readonly int[] Batches = [1, 4, 16, 64];
    private static readonly int[] Lengths = [128, 512, 1024];

    /// <summary>More prompt tokens in one iteration were not measured (DistServe's profiling stops at a few thousand, c).</summary>
    private const int MostPromptTokens = 4096;

    /// <summary>Prompts of a batch together, and its mean decode step, of every row of the phase tables.</summary>
    public static IEnumerable<ModelStep> Of(IEnumerable<MeasurementSet> sets, Action<string> warn)
    {
        foreach (MeasurementSet set in sets.Where(set => set.Phases.Count > 0))
        {
            if (Known(set.Device, "", warn) is not { } device) continue;
            HashSet<string> unknown = [];
            foreach (PhaseSample phase in set.Phases)
            {
                if (Catalog.TryModel(phase.Model) is not { } model)
                {
                    if (unknown.Add(phase.Model)) warn($"{set.Origin}: the model '{phase.Model}' is not in the catalogue; its iterations are left out");
                    continue;
                }
                if (phase.PrefillSeconds > 0) yield return new(device, model, phase.Tensor, phase.Batch, phase.PromptTokens, 0, phase.PrefillSeconds);
                if (phase.DecodeSeconds > 0 && phase.OutputTokens > 1)
                    yield return new(device, model, phase.Tensor, phase.Batch, 0, phase.PromptTokens + (phase.OutputTokens / 2), phase.DecodeSeconds);
            }
        }
    }

    /// <summary>Fitted iteration times at usual batches and lengths.</summary>
    public static IEnumerable<ModelStep> Of(PhasePolynomial fit, Action<string> warn)
    {
        if (Known(fit.Device, fit.Model, warn) is not { } device || Catalog.TryModel(fit.Model) is not { } model) yield break;
        foreach (int batch in Batches)
        {
            foreach (int length in Lengths)
            {
                double prefill = fit.PrefillSeconds([.. Enumerable.Repeat(length, batch)]);
                double decode = fit.DecodeSeconds(batch, (long)batch * length);
                if (batch * length <= MostPromptTokens && prefill > 0) yield return new(device, model, fit.Tensor, batch, length, 0, prefill);
                if (decode > 0) yield return new(device, model, fit.Tensor, batch, 0, length, decode);
            }
        }
    }

    /// <summary>Seconds by a profile, with the CPU time of the engine that is meant when none is named; null where the model cannot be cut so.</summary>
    public double? Predict(CostProfile profile)
    {
        try
        {
            RooflineCost cost = new(Deployment.Create(Model, Device, new(Tensor), PrecisionPlan.SixteenBit, null, profile));
            StepShape shape = new();
            for (int i = 0; i < Batch; i++)
            {
                if (PromptTokens > 0) shape.AddChunk(new(PromptTokens, 0, Finishes: true));
                else shape.AddDecode(ContextTokens);
            }
            StepCost step = cost.CreateStep();
            step.Prepare(shape);
            return step.At(0).Seconds;
        }
        catch (InputException)
        {
            return null;
        }
    }

    private static DeviceSpec? Known(string device, string model, Action<string> warn)
    {
        if (Catalog.Devices.FirstOrDefault(d => d.Name == device) is not { } found)
        {
            warn($"iterations on '{device}' are left out: the device is not in the catalogue");
            return null;
        }
        if (model.Length == 0 || Catalog.TryModel(model) is not null) return found;
        warn($"iterations of '{model}' are left out: the model is not in the catalogue");
        return null;
    }
}
