using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Finetuning;

/// <summary>
/// Spatial sharing: two processes on one device. While both have work each is slower by its factor; whoever is alone runs at full speed.
/// </summary>
public sealed record SpatialSharingOptions : FinetuneSpec
{
    /// <summary>Both factors: two processes that share multiprocessors and bandwidth evenly (d).</summary>
    public const double DefaultSlowdown = 2;

    /// <summary>Training without requests runs in steps of about this length, so that an arrival is seen soon (d).</summary>
    public const double DefaultSliceSeconds = 0.01;

    private const double LargestSlowdown = 1000;

    public static readonly OptionSet<SpatialSharingOptions> Set = Declare<SpatialSharingOptions>()
        .Number("inferenceSlowdown", o => o.InferenceSlowdown, (o, v) => o with { InferenceSlowdown = v },
            "factor on inference steps while training runs", "ours (d)", min: 1, max: LargestSlowdown)
        .Number("trainingSlowdown", o => o.TrainingSlowdown, (o, v) => o with { TrainingSlowdown = v },
            "factor on training while inference runs", "ours (d)", min: 1, max: LargestSlowdown)
        .Duration("slice", o => o.Slice, (o, v) => o with { Slice = v },
            "length of training steps while there is no request", "ours (d)");

    public double InferenceSlowdown { get; init; } = DefaultSlowdown;

    public double TrainingSlowdown { get; init; } = DefaultSlowdown;

    public Duration Slice { get; init; } = Duration.FromSeconds(DefaultSliceSeconds);

    public override IPlanAddOn Create(ICostModel stepTimes, int layers) => new SpatialSharing(this, new(stepTimes), Queue(layers));
}

/// <inheritdoc cref="SpatialSharingOptions"/>
internal sealed class SpatialSharing(SpatialSharingOptions options, StepProbe probe, TrainingQueue queue) : IPlanAddOn
{
    private readonly TrainingWork _work = new();
    private long _last;

    public bool WorksAlone => true;

    public void Complete(ReplicaView view, StepPlan plan)
    {
        if (view.IsTrafficOver || queue.IsOver) return;
        bool shares = plan.Items.Length > 0;
        Duration room = shares ? Duration.FromSeconds(probe.Without(plan).Seconds * options.InferenceSlowdown / options.TrainingSlowdown) : options.Slice;
        long amount = StepProbe.Largest(queue.Remaining, _last, s => probe.Alone(queue, s, TrainingShare.Beside) <= room);
        _last = amount;
        // A slice too short for anything still makes progress; beside inference it waits for a longer step.
        if (amount == 0 && shares) return;
        _work.Clear(TrainingShare.Beside, options.InferenceSlowdown);
        queue.Fill(_work, Math.Max(1, amount));
        plan.Train(_work);
    }

    public int StableSteps(ReplicaView view, StepPlan plan) => view.IsTrafficOver || queue.IsOver ? int.MaxValue : 1;

    public void Advance(StepPlan plan, int steps)
    {
        if (plan.Training is { } work) queue.Commit(work);
    }
}
