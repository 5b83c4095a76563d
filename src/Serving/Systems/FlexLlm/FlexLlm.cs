using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Finetuning;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Systems.FlexLlm;

/// <summary>
/// FlexLLM's hybrid token scheduler: inference is planned first, by any scheduler, and stays as it is; then finetuning gets the largest
/// window s with f(c, s) at most the latency target, c being the inference of the step, and yields when s = 0.
/// </summary>
/// <remarks>
/// Source: arXiv 2402.18789 (a, b, c as marked at the options). Forward and backward windows alternate by sequence; a step has one kind. A
/// backward window may reach into the layers below (d): a layer of a short sequence alone would leave most of a step empty. The paper
/// fits f offline; here f is the replica's own profile of step times. With <see cref="FlexLlmOptions.TokenLimit"/> the artefact's rule
/// decides instead, and no step time is looked at.
/// </remarks>
public sealed class FlexLlm : IPlanAddOn
{
    /// <summary>A run of steps without finetuning is looked at again after so many (d).</summary>
    private const int LongestYield = 64;

    private readonly FlexLlmOptions _options;
    private readonly TrainingQueue _queue;
    private readonly StepProbe _probe;
    private readonly TrainingWork _work = new();
    private long _lastForward;
    private long _lastBackward;

    internal FlexLlm(FlexLlmOptions options, ICostModel stepTimes, TrainingQueue queue)
    {
        _options = options;
        _queue = queue;
        _probe = new(stepTimes);
    }

    public bool WorksAlone => true;

    public void Complete(ReplicaView view, StepPlan plan)
    {
        if (view.IsTrafficOver || _queue.IsOver) return;
        long amount = _options.TokenLimit is { } limit ? ByTokens(plan, limit) : ByTime(plan);
        if (amount == 0) return;
        _work.Clear();
        _queue.Fill(_work, amount);
        plan.Train(_work);
    }

    /// <summary>Contexts grow and steps with them, so a step too slow for the smallest window stays so; asked of the profile all the same.</summary>
    public int StableSteps(ReplicaView view, StepPlan plan)
    {
        if (view.IsTrafficOver || _queue.IsOver) return int.MaxValue;
        // A run of steps has the same tokens in each.
        if (_options.TokenLimit is not null) return int.MaxValue;
        // A delay is of the first step alone.
        return plan.Delay > Duration.Zero ? 1 : _probe.StepsBeyond(plan, _queue, 1, _options.Target, LongestYield);
    }

    public void Advance(StepPlan plan, int steps)
    {
        if (plan.Training is { } work) _queue.Commit(work);
    }

    private long ByTime(StepPlan plan)
    {
        ref long last = ref _queue.IsForward ? ref _lastForward : ref _lastBackward;
        last = StepProbe.Largest(_queue.Remaining, last, s => _probe.With(plan, _queue, s) <= _options.Target);
        // Where nobody is served there is nobody to delay: what never fits the target, an optimizer step among others, goes on then.
        return plan.Items.Length == 0 ? Math.Max(1, last) : last;
    }

    private long ByTokens(StepPlan plan, int limit)
    {
        int room = Math.Max(0, limit - plan.Tokens - plan.DraftTokens);
        if (room == 0 || _queue.IsForward) return Math.Min(room, _queue.Remaining);
        // What is left of this layer, then the layers below, each within the limit.
        long amount = Math.Min(room, _queue.RemainingOfLayer);
        if (amount < _queue.RemainingOfLayer || room < _options.SequenceTokens) return amount;
        return Math.Min(_queue.Remaining, amount + ((long)_options.SequenceTokens * (_options.LayersPerStep - 1)));
    }
}
