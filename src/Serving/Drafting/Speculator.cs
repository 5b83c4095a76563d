using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;

namespace Orrery.Serving.Drafting;

/// <summary>What bounds the drafts of a replica, whatever its controller wants.</summary>
/// <param name="StepTokens">Most tokens of a step: what the memory for activations was sized for.</param>
/// <param name="Positions">Longest sequence that the draft model can read.</param>
/// <param name="SearchTime">What looking for proposals takes in a step; zero for a draft model, whose passes are part of the step's cost.</param>
public sealed record DraftLimits(int StepTokens, int Positions, Duration SearchTime)
{
    public static DraftLimits None { get; } = new(int.MaxValue, int.MaxValue, Duration.Zero);
}

/// <summary>
/// Draft and verify over any scheduler: after each plan the decodes of the step get as many proposed tokens as the controller says,
/// where memory for them and room in the step's token limit are left: a scheduler that fills its budget with prompts leaves
/// few. Prompts never speculate, and no plan preempts for its drafts; blocks that a wrong draft took stay with
/// its sequence for the tokens that follow.
/// </summary>
public sealed class Speculator(IDraftControl control, IProposals proposals, DraftLimits limits) : IPlanAddOn
{
    private int[] _candidates = new int[32];
    private int[] _tokens = new int[32];
    private bool _searched;

    public bool TakesMemory => true;

    public void Complete(ReplicaView view, StepPlan plan)
    {
        _searched = false;
        if (plan.DecodeCount == 0 || !control.Proposes) return;
        ReadOnlySpan<PlanItem> items = plan.Items;
        if (_candidates.Length < items.Length)
        {
            _candidates = new int[items.Length * 2];
            _tokens = new int[items.Length * 2];
        }
        int count = 0;
        long context = 0;
        for (int i = 0; i < items.Length; i++)
        {
            Sequence sequence = items[i].Sequence;
            if (!sequence.IsDecoding) continue;
            context += sequence.ComputedTokens + 1;
            if (proposals.HasSome(sequence)) _candidates[count++] = i;
        }
        if (limits.SearchTime > Duration.Zero)
        {
            _searched = true;
            plan.Wait(limits.SearchTime);
        }
        Span<int> tokens = _tokens.AsSpan(0, count);
        tokens.Clear();
        control.Choose(new(plan, _candidates.AsSpan(0, count), context, (long)view.Memory.TotalBlocks * view.Memory.BlockTokens), tokens);
        int room = limits.StepTokens - plan.Tokens;
        for (int c = 0; c < count && room > 0; c++)
        {
            int given = Give(view, plan, _candidates[c], Math.Min(tokens[c], room));
            room -= given;
        }
    }

    public int StableSteps(ReplicaView view, StepPlan plan) => _searched ? 1 : Math.Max(1, control.QuietSteps);

    public void Advance(StepPlan plan, int steps)
    {
        if (plan.DecodeCount > 0) control.Advance(plan, steps);
    }

    private int Give(ReplicaView view, StepPlan plan, int item, int wanted)
    {
        Sequence sequence = plan.Items[item].Sequence;
        // The step yields one token more than are proposed: none needs a proposal beyond the end that the client set.
        int tokens = Math.Min(wanted, sequence.MaxTokens - sequence.GeneratedTokens - 1);
        tokens = Math.Min(tokens, limits.Positions - sequence.ComputedTokens - 1);
        while (tokens > 0 && !view.Memory.TryGrow(sequence, sequence.ComputedTokens + 1, sequence.ComputedTokens + 1 + tokens)) tokens--;
        if (tokens <= 0) return 0;
        plan.Draft(item, tokens);
        return tokens;
    }
}
