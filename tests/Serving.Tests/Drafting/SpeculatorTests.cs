using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Drafting;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Speculation;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;

namespace Orrery.Serving.Tests.Drafting;

/// <summary>Draft and verify with fixed lengths, step by step.</summary>
public sealed class SpeculatorTests
{
    [Fact]
    public void RightDraftsShortenTheRunByTheirNumber()
    {
        FleetOutcome outcome = Run(4, rate: 1, [(10, 21)]);
        ReplicaCounters counters = outcome.Fleet.Replicas[0].Counters;
        // The prompt yields the first token; each further step four drafts and its own.
        Assert.Equal(5, counters.Steps);
        Assert.Equal((16, 16), (counters.DraftedTokens, counters.AcceptedTokens));
        Assert.Equal(4, counters.DecodeTokens);
        Assert.Equal(21, outcome.Sequences[0].GeneratedTokens);
    }

    [Fact]
    public void NothingIsProposedBeyondTheClientsLimit()
    {
        FleetOutcome outcome = Run(4, rate: 0, [(10, 5)], isLimited: true);
        ReplicaCounters counters = outcome.Fleet.Replicas[0].Counters;
        // With 4, 3, 2 and 1 tokens to go the step's own leaves room for 3, 2, 1 and no drafts.
        Assert.Equal(5, counters.Steps);
        Assert.Equal((6, 0), (counters.DraftedTokens, counters.AcceptedTokens));
    }

    [Fact]
    public void MemoryBoundsDraftsAndNobodyGivesWay()
    {
        // Blocks of one token: the prompts and the two decodes take 10 of 12, so the first may verify two drafts and the second none.
        FleetOutcome outcome = Run(3, rate: 0, [(4, 2), (4, 2)], memory: () => new PagedMemory(12, 1));
        ReplicaCounters counters = outcome.Fleet.Replicas[0].Counters;
        Assert.Equal((2, 0), (counters.DraftedTokens, counters.Preemptions));
        Assert.Equal(2, outcome.Sequences.Single(sequence => sequence.Id == 0).DraftedTokens);
        Assert.Equal(12, counters.KvBlocks.Max);
    }

    [Theory]
    [InlineData(11, int.MaxValue, 0)]
    [InlineData(12, int.MaxValue, 1)]
    [InlineData(int.MaxValue, 3, 2)]
    public void TheDraftModelsPositionsAndTheStepsSizeBoundThem(int positions, int stepTokens, int drafted)
    {
        FleetOutcome outcome = Run(5, rate: 0, [(10, 2)], limits: new(stepTokens, positions, Duration.Zero));
        Assert.Equal(drafted, outcome.Fleet.Replicas[0].Counters.DraftedTokens);
    }

    [Fact]
    public void ADraftOfLengthZeroChangesNothing()
    {
        FleetOutcome without = Run(null, rate: 1, [(10, 200), (30, 100)]);
        FleetOutcome with = Run(0, rate: 1, [(10, 200), (30, 100)]);
        Assert.Equal(without.Text, with.Text);
        // Fast-forwarded like a replica without drafts.
        Assert.Equal(without.Fleet.Replicas[0].Counters.Plans, with.Fleet.Replicas[0].Counters.Plans);
    }

    [Fact]
    public void ASearchTakesItsTimeEvenIfNothingIsFound()
    {
        FleetOutcome without = Run(null, rate: 1, [(10, 9)]);
        FleetOutcome with = Run(3, rate: 1, [(10, 9)], limits: new(int.MaxValue, int.MaxValue, Duration.FromMilliseconds(2)), match: 0);
        Assert.Equal(0, with.Fleet.Replicas[0].Counters.DraftedTokens);
        Assert.Equal(without.Sequences[0].End + Duration.FromMilliseconds(2 * 8), with.Sequences[0].End);
    }

    [Fact]
    public void ADraftModelCatchesUpWithWhatItMissed()
    {
        // All right: the draft never read its last proposal, so its first pass has two tokens from the second step on. 100 µs a pass
        // and 10 µs a token: the prompt's pass of 10; then 3 passes of 1; then 2, 1, 1; the last likewise.
        ToyCost draft = new(Duration.FromMicroseconds(100), Duration.FromMicroseconds(10), Duration.Zero, Duration.FromNanoseconds(1));
        DraftedCost cost = new(ToyCost.Constant(Duration.FromMilliseconds(1)), draft, Duration.FromMicroseconds(7));
        FleetOutcome outcome = Run(3, rate: 1, [(10, 13)], cost: cost);
        long passes = (100 + 100) + (3 * 110) + (2 * ((3 * 100) + 40));
        Assert.Equal(Instant.FromNanoseconds((4 * 1000 + passes + (3 * 7)) * 1000), outcome.Sequences[0].End);
    }

    private static FleetOutcome Run(
        int? length, double rate, IReadOnlyList<(int Prompt, int Output)> requests, bool isLimited = false, Func<IKvMemory>? memory = null,
        DraftLimits? limits = null, double match = 1, ICostModel? cost = null)
    {
        ReplicaFacts facts = new(4096, "toy", default);
        return new FleetHarness
        {
            Scheduler = () => new VllmV1Options().Create(facts),
            Memory = memory ?? (() => new PagedMemory(1000, 16)),
            Cost = cost ?? ToyCost.Constant(Duration.FromMilliseconds(1)),
            Drafts = length is not { } tokens ? null : () =>
            {
                IndependentAcceptance truth = new(new() { Rate = rate, Match = match }, limits is { SearchTime.Nanoseconds: > 0 }, RandomStream.Root(9));
                return (new Speculator(new FixedDrafts(tokens), truth, limits ?? DraftLimits.None), truth);
            },
        }.Run(new ScriptedTraffic([.. requests.Select((r, i) => new Request
        {
            Id = i, Arrival = Instant.Zero, PromptTokens = r.Prompt, OutputTokens = r.Output, MaxTokens = isLimited ? r.Output : 0,
        })]));
    }
}
