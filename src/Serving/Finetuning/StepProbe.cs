using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Finetuning;

/// <summary>Asks the replica's profile what steps would take: f(c, s) for inference c and training s.</summary>
internal sealed class StepProbe(ICostModel stepTimes)
{
    private readonly StepCost _cost = stepTimes.CreateStep();
    private readonly StepShape _shape = new();
    private readonly TrainingWork _work = new();

    /// <summary>Time of a plan with the next so many tokens of training, delays included.</summary>
    public Duration With(StepPlan plan, TrainingQueue queue, long amount, TrainingShare share = TrainingShare.Fused)
    {
        Prepare(plan, queue, amount, share);
        return plan.Delay + _cost.At(0);
    }

    /// <summary>Time of a plan's inference alone, delays included.</summary>
    public Duration Without(StepPlan plan)
    {
        plan.Describe(_shape, null);
        _cost.Prepare(_shape);
        return plan.Delay + _cost.At(0);
    }

    /// <summary>Time of the next so many tokens of training with nothing beside them.</summary>
    public Duration Alone(TrainingQueue queue, long amount, TrainingShare share)
    {
        _shape.Clear();
        _work.Clear(share);
        queue.Fill(_work, amount);
        _shape.Training = _work;
        _cost.Prepare(_shape);
        return _cost.At(0);
    }

    /// <summary>For how many steps in a row, at most so many, even this much training would be too slow.</summary>
    public int StepsBeyond(StepPlan plan, TrainingQueue queue, long amount, Duration limit, int most)
    {
        Prepare(plan, queue, amount, TrainingShare.Fused);
        int steps = 0;
        while (steps < most && _cost.At(steps) > limit) steps++;
        return steps;
    }

    /// <summary>The largest amount up to a bound that a rule allows; 0 when it allows none. What the rule refuses it refuses for more too.</summary>
    /// <param name="bound">At least 1.</param>
    /// <param name="guess">Where to look first, such as the last answer: it changes how often the rule is asked, never the answer.</param>
    /// <param name="allows">The rule.</param>
    public static long Largest(long bound, long guess, Func<long, bool> allows)
    {
        guess = Math.Clamp(guess, 1, bound);
        long low = 0;
        long high = bound + 1;
        // Steps that double lead from the guess to the other side of the answer.
        if (allows(guess))
        {
            low = guess;
            for (long step = 1; low + step <= bound; step *= 2)
            {
                if (!allows(low + step))
                {
                    high = low + step;
                    break;
                }
                low += step;
            }
        }
        else
        {
            high = guess;
            for (long step = 1; high - step > 0; step *= 2)
            {
                if (allows(high - step))
                {
                    low = high - step;
                    break;
                }
                high -= step;
            }
        }
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            if (allows(middle)) low = middle;
            else high = middle;
        }
        return low;
    }

    private void Prepare(StepPlan plan, TrainingQueue queue, long amount, TrainingShare share)
    {
        _work.Clear(share);
        queue.Fill(_work, amount);
        plan.Describe(_shape, _work);
        _cost.Prepare(_shape);
    }
}
