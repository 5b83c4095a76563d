using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Steps;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>Seconds and FLOP of a batch at a block: its layers' part of a step of the whole base model on one device.</summary>
/// <param name="bases">The base models.</param>
/// <param name="device">Every device.</param>
internal sealed class BlockTimes(IReadOnlyList<ModelSpec> bases, DeviceSpec device)
{
    private readonly StepCost[] _costs =
        [.. bases.Select(model => new RooflineCost(Deployment.Create(model, device, profile: Catalog.ProfileOf(device))).CreateStep())];

    private readonly double[] _reference = new double[bases.Count];

    /// <summary>What goes through; filled by the caller, cleared by <see cref="Take"/>.</summary>
    public StepShape Shape { get; } = new();

    /// <summary>Time and work of the shape through a block.</summary>
    public (double Seconds, double Flops) Take(ModelBlock block)
    {
        StepCost cost = _costs[block.Base];
        cost.Prepare(Shape);
        double share = (double)block.Layers / bases[block.Base].Layers;
        (double, double) result = (cost.At(0).Seconds * share, (double)cost.FlopsAt(0) * share);
        Shape.Clear();
        return result;
    }

    /// <summary>Seconds of one decode of a usual context through a block: what choices are weighed with.</summary>
    public double ReferenceSeconds(ModelBlock block)
    {
        const int context = 512;
        ref double seconds = ref _reference[block.Base];
        if (seconds == 0)
        {
            StepShape shape = new();
            shape.AddDecode(context);
            _costs[block.Base].Prepare(shape);
            seconds = _costs[block.Base].At(0).Seconds;
        }
        return seconds * block.Layers / bases[block.Base].Layers;
    }
}
