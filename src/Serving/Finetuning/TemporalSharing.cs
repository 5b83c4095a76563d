using Orrery.Documents;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Finetuning;

/// <summary>
/// Temporal sharing: after a number of inference steps one whole iteration of ordinary training (a sequence forward and backward), for
/// which inference waits. A replica without requests trains all the time.
/// </summary>
public sealed record TemporalSharingOptions : FinetuneSpec
{
    /// <summary>Settings that FlexLLM compares with are 64, 128 and 512 (c).</summary>
    public const int DefaultInferenceSteps = 128;

    public static readonly OptionSet<TemporalSharingOptions> Set = Declare<TemporalSharingOptions>()
        .Int("inferenceSteps", o => o.InferenceSteps, (o, v) => o with { InferenceSteps = v },
            "inference steps between two training iterations", "baseline in FlexLLM: 64, 128 or 512 (c)")
        .Bool("byQueue", o => o.ByQueue, (o, v) => o with { ByQueue = v },
            "an iteration also waits until no request queues", "dynamic variant of the baseline in FlexLLM, our rule (d)");

    public int InferenceSteps { get; init; } = DefaultInferenceSteps;

    public bool ByQueue { get; init; }

    public override IPlanAddOn Create(ICostModel stepTimes, int layers) => new TemporalSharing(this, Queue(layers));
}

/// <inheritdoc cref="TemporalSharingOptions"/>
internal sealed class TemporalSharing(TemporalSharingOptions options, TrainingQueue queue) : IPlanAddOn
{
    private readonly TrainingWork _work = new();
    private long _since;

    public bool WorksAlone => true;

    public void Complete(ReplicaView view, StepPlan plan)
    {
        if (view.IsTrafficOver || queue.IsOver) return;
        if (plan.Items.Length > 0 && (_since < options.InferenceSteps || (options.ByQueue && view.Waiting > 0))) return;
        _work.Clear(TrainingShare.InTurn);
        queue.FillSequence(_work);
        plan.Train(_work);
    }

    /// <summary>Who waits can leave the queue only by a plan that changes, or by a cancellation, and both end the run of steps.</summary>
    public int StableSteps(ReplicaView view, StepPlan plan) =>
        view.IsTrafficOver || queue.IsOver || _since >= options.InferenceSteps ? int.MaxValue : (int)(options.InferenceSteps - _since);

    public void Advance(StepPlan plan, int steps)
    {
        if (plan.Training is { } work)
        {
            queue.Commit(work);
            _since = 0;
        }
        if (plan.Items.Length > 0) _since += steps;
    }
}
