using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Lending;

/// <summary>
/// The part of lending that lives in a replica: between two steps it turns copies that have arrived into blocks elsewhere, and with each plan
/// it finds out what the step asks of others. Adds nothing to a plan.
/// </summary>
/// <param name="index">The replica.</param>
/// <param name="memory">Its memory.</param>
/// <param name="work">Read by the cost of its steps.</param>
/// <param name="retry">A replica that could only wait for memory looks again after this.</param>
public sealed class LendingAgent(int index, LendingMemory memory, RemoteWork work, Duration retry) : IPlanAddOn
{
    private readonly List<Action> _betweenSteps = [];
    private readonly SortedDictionary<int, int[]> _told = [];

    public int Index => index;

    public LendingMemory Memory => memory;

    public RemoteWork Work => work;

    /// <summary>Told when what this replica's decodes attend to at a holder has changed: holder, and tokens of each decode.</summary>
    internal Action<int, int[]> OnAttends { get; set; } = static (_, _) => { };

    /// <summary>Decode steps that asked others, and the most holders of one step.</summary>
    public long RemotePlans { get; private set; }

    /// <summary>Does something before the next plan, when no step runs.</summary>
    internal void BetweenSteps(Action action) => _betweenSteps.Add(action);

    public void Begin(ReplicaView view)
    {
        foreach (Action action in _betweenSteps) action();
        _betweenSteps.Clear();
        memory.PushedBlocks = 0;
    }

    public void Complete(ReplicaView view, StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(plan);
        work.Clear();
        if (memory.Scattered.Count > 0)
            foreach (ref readonly PlanItem item in plan.Items) Describe(item);
        if (work.ByHolder.Count > 0) RemotePlans++;
        Tell();
        // Whoever waits for memory of others finds nothing to do, and nothing here will end.
        if (plan.IsEmpty && view.Waiting > 0 && plan.RetryAt.IsNever) plan.RetryAt = view.Now + retry;
    }

    /// <summary>What lies elsewhere does not grow with the steps of a run, and a block that must go out ends it.</summary>
    public int StableSteps(ReplicaView view, StepPlan plan) => int.MaxValue;

    public void Advance(StepPlan plan, int steps)
    {
    }

    private void Describe(in PlanItem item)
    {
        Sequence sequence = item.Sequence;
        IReadOnlyList<RemotePart> parts = memory.PartsOf(sequence);
        if (sequence.IsDecoding)
        {
            work.AddDecode(parts, memory.BlockTokens, sequence.ComputedTokens + 1);
            if (memory.PushedBlocks > 0 && parts.Count > 0)
            {
                work.Send(parts[^1].Holder, memory.PushedBlocks);
                memory.PushedBlocks = 0;
            }
            return;
        }
        // A prompt fills its blocks here and elsewhere in proportion.
        foreach (RemotePart part in parts) work.Send(part.Holder, (double)item.Tokens * part.Blocks / ((double)sequence.KvBlocks * memory.BlockTokens));
    }

    private void Tell()
    {
        if (work.ByHolder.Count == 0 && _told.Count == 0) return;
        foreach (int holder in _told.Keys.Where(holder => !work.ByHolder.ContainsKey(holder)).ToList())
        {
            _told.Remove(holder);
            OnAttends(holder, []);
        }
        foreach ((int holder, List<int> tokens) in work.ByHolder)
        {
            if (_told.TryGetValue(holder, out int[]? before) && before.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tokens))) continue;
            int[] now = [.. tokens];
            _told[holder] = now;
            OnAttends(holder, now);
        }
    }
}
