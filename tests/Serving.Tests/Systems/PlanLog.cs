using System.Globalization;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Runs a scheduler step by step and writes each plan down as "request:tokens …", for plans computed by hand.</summary>
internal sealed class PlanLog
{
    public List<string> Plans { get; } = [];

    /// <summary>Requests all at time 0, given as prompt and output tokens; a step takes 1 ms.</summary>
    public static FleetOutcome Run(
        SchedulerSpec spec, IReadOnlyList<(int Prompt, int Output)> requests, out PlanLog log, int blocks = 1000, int blockTokens = 16, int stages = 1, bool knowsOutputs = false)
    {
        PlanLog plans = new();
        log = plans;
        ReplicaFacts facts = new(16_384, "toy", Bytes.FromGibibytes(48), stages);
        return new FleetHarness
        {
            Scheduler = () => new WatchedScheduler(spec.Create(facts), (_, _, plan) => plans.Look(plan)),
            Memory = () => new PagedMemory(blocks, blockTokens),
            MaxModelTokens = 16_384,
            Predictor = request => knowsOutputs ? request.OutputTokens : 0,
            Cost = new ToyCost(Duration.FromMilliseconds(1), default, default, Duration.FromNanoseconds(1), stages),
        }.Run(new ScriptedTraffic([.. requests.Select((r, i) => new Request { Id = i, Arrival = Instant.Zero, PromptTokens = r.Prompt, OutputTokens = r.Output })]), fastForward: false);
    }

    private void Look(StepPlan plan)
    {
        List<string> parts = [];
        foreach (PlanItem item in plan.Items) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{item.Sequence.Id}:{item.Tokens}"));
        if (plan.PreemptedCount > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"evicted {plan.PreemptedCount}"));
        if (parts.Count > 0) Plans.Add(string.Join(' ', parts));
    }
}
