using Orrery.Documents;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Finetuning;

/// <summary>A replica that takes no requests and trains: a cluster of its own, and the peak that sharing is compared with.</summary>
public sealed record TrainingAloneOptions : FinetuneSpec
{
    public static readonly OptionSet<TrainingAloneOptions> Set = Declare<TrainingAloneOptions>();

    public override bool TakesRequests => false;

    public override IPlanAddOn Create(ICostModel stepTimes, int layers) => new TrainingAlone(Queue(layers));
}

/// <inheritdoc cref="TrainingAloneOptions"/>
internal sealed class TrainingAlone(TrainingQueue queue) : IPlanAddOn
{
    private readonly TrainingWork _work = new();

    public bool WorksAlone => true;

    public void Complete(ReplicaView view, StepPlan plan)
    {
        if (view.IsTrafficOver || queue.IsOver) return;
        _work.Clear(TrainingShare.InTurn);
        queue.FillSequence(_work);
        plan.Train(_work);
    }

    public int StableSteps(ReplicaView view, StepPlan plan) => 1;

    public void Advance(StepPlan plan, int steps)
    {
        if (plan.Training is { } work) queue.Commit(work);
    }
}
