using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.Trail;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>TRAIL: the closed form of its paper's setting, and what it does with slots and memory, by hand.</summary>
public sealed class TrailTests
{
    private static readonly Duration Step = Duration.FromMilliseconds(1);

    /// <summary>Mean response over mean size, M/G/1, exponential sizes, exact prediction (SOAP; card values, d).</summary>
    [Theory]
    [InlineData(0.5, 0, 1.72)]
    [InlineData(0.5, 0.5, 1.47)]
    [InlineData(0.5, 1, 1.43)]
    [InlineData(0.8, 0, 2.88)]
    [InlineData(0.8, 0.5, 2.43)]
    [InlineData(0.8, 1, 2.35)]
    public void OneServerAgreesWithTheClosedForm(double load, double limit, double expected)
    {
        // Sizes in tokens, one step each; the half token that rounding up adds is in the mean.
        const int meanTokens = 50;
        const double meanSize = meanTokens + 0.5;
        const int jobs = 8_000;
        const int warmUp = 800;
        double[] means = new double[14];
        for (int i = 0; i < means.Length; i++)
        {
            RandomStream random = RandomStream.Root(77).Split(i);
            List<Request> requests = [];
            double now = 0;
            for (int job = 0; job < jobs; job++)
            {
                now += new Exponential(meanSize / load).Sample(random) * Step.Seconds;
                int tokens = (int)Math.Ceiling(new Exponential(meanTokens).Sample(random));
                requests.Add(Ask(job, now, 1, Math.Max(1, tokens)));
            }
            FleetOutcome outcome = Run(new() { Limit = limit, MaxSequences = 1 }, requests, blocks: 100_000, longest: 4096);
            means[i] = outcome.Sequences.Where(s => s.Id >= warmUp).Average(s => (s.End - s.Arrival).Seconds) / (meanSize * Step.Seconds);
        }
        ConfidenceInterval interval = ConfidenceInterval.FromReplications(means, 0.99);
        // The card's values are rounded to two decimals, and steps are whole: an arrival waits half a step for the next decision.
        double slack = 0.005 + (0.5 / meanTokens);
        Assert.True(interval.Low - slack <= expected && expected <= interval.High + slack, $"{interval} does not contain {expected}");
        Assert.True(interval.HalfWidth < 0.05 * expected);
    }

    [Fact]
    public void WhoGivesWayKeepsItsMemoryAndResumesForFree()
    {
        List<Request> requests = [Ask(0, 0, 20, 50), Ask(1, 0.0105, 20, 5)];
        FleetOutcome outcome = Run(new() { MaxSequences = 1 }, requests);
        Sequence longOne = outcome.Sequences.Single(s => s.Id == 0);
        Assert.Equal([1L, 0L], outcome.Sequences.Select(s => s.Id));
        Assert.Equal(1, longOne.Preemptions);
        // No token was computed twice, and both sequences held memory at once.
        Assert.Equal(40, outcome.Fleet.Replicas[0].Counters.PrefillTokens);
        Assert.True(outcome.Fleet.Replicas[0].Counters.KvBlocks.Max >= 4);
        // 11 steps, then the short one's 5, then the other 39.
        Assert.Equal(Instant.FromNanoseconds(55 * Step.Nanoseconds), longOne.End);
    }

    [Theory]
    [InlineData(0.8, 39, true)]
    [InlineData(0.8, 40, false)]
    [InlineData(0.2, 10, false)]
    [InlineData(0.0, 0.5, false)]
    [InlineData(1.0, 47, false)]
    public void PreemptionEndsAtTheLimit(double limit, double arrivalTokens, bool preempted)
    {
        // At the last case the old request has 2 tokens left, fewer than the newcomer's 3.
        List<Request> requests = [Ask(0, 0, 1, 50), Ask(1, (arrivalTokens - 0.5) / 1000, 1, 3)];
        if (arrivalTokens < 1) requests[1] = Ask(1, 0.0005, 1, 3);
        FleetOutcome outcome = Run(new() { Limit = limit, MaxSequences = 1 }, requests);
        Assert.Equal(preempted ? 1 : 0, outcome.Sequences.Single(s => s.Id == 0).Preemptions);
    }

    [Fact]
    public void AMarginAndALimitOfPreemptionsBind()
    {
        List<Request> requests = [Ask(0, 0, 1, 50), Ask(1, 0.0045, 1, 30), Ask(2, 0.0055, 1, 3), Ask(3, 0.0205, 1, 3)];
        Assert.Equal(3, Preemptions(new() { MaxSequences = 1 }));
        Assert.Equal(0, Preemptions(new() { MaxSequences = 1, Margin = 60 }));
        Assert.Equal(2, Preemptions(new() { MaxSequences = 1, MaxPreemptions = 1 }));

        int Preemptions(TrailOptions options) => Run(options, requests).Sequences.Sum(s => s.Preemptions);
    }

    [Fact]
    public void OutOfMemoryTakesTheWorstHolderThatDoesNotRunFirst()
    {
        // 12 blocks of 16: two long ones are put aside with 4 blocks each, then a newcomer of 6 blocks needs room.
        List<Request> requests =
        [
            Ask(0, 0, 60, 100), Ask(1, 0.0025, 60, 90), Ask(2, 0.0045, 90, 3),
        ];
        FleetOutcome outcome = Run(new() { MaxSequences = 1, Watermark = 0 }, requests, blocks: 12);
        Sequence worst = outcome.Sequences.Single(s => s.Id == 0);
        // The worst rank lost its memory: put aside once, evicted once; the better one only gave way.
        Assert.Equal(2, worst.Preemptions);
        Assert.Equal(1, outcome.Sequences.Single(s => s.Id == 1).Preemptions);
        Assert.Equal([2L, 1L, 0L], outcome.Sequences.Select(s => s.Id));
        // Its prompt and its tokens were computed again.
        const int worstTokensBefore = 3;
        Assert.Equal(60 + 60 + 90 + 60 + worstTokensBefore, outcome.Fleet.Replicas[0].Counters.PrefillTokens);
        Assert.Equal(100, worst.GeneratedTokens);
    }

    [Fact]
    public void ANewcomerThatCannotFitTakesNothingFromAnybody()
    {
        // One runs past its limit with 7 of 12 blocks, one is put aside with 2: freeing those would not do for 6.
        List<Request> requests = [Ask(0, 0, 100, 60), Ask(1, 0, 20, 70), Ask(2, 0.0555, 90, 3)];
        FleetOutcome outcome = Run(new() { MaxSequences = 2, Watermark = 0, Limit = 0.5 }, requests, blocks: 16);
        Assert.All(outcome.Sequences, s => Assert.Equal(0, s.Preemptions));
        Assert.Equal(210, outcome.Fleet.Replicas[0].Counters.PrefillTokens);
    }

    /// <summary>There is no ageing: documented, and a limit of 0 or of preemptions is what ends it.</summary>
    [Theory]
    [InlineData(0.8, true)]
    [InlineData(0.0, false)]
    public void ALongRequestStarvesOnlyBeforeItsLimit(double limit, bool starves)
    {
        List<Request> requests = [Ask(0, 0, 1, 200)];
        for (int i = 1; i <= 400; i++) requests.Add(Ask(i, 0.0005 + (i * 0.005), 1, 5));
        FleetOutcome outcome = Run(new() { Limit = limit, MaxSequences = 1 }, requests);
        Assert.Equal(starves, outcome.Sequences[^1].Id == 0);
    }

    [Fact]
    public void LooksReplaceTheFirstPrediction()
    {
        // Predicted at 20 each; the truth, which a look tells, is 100 for the first and 10 for the second.
        List<Request> requests = [Ask(0, 0, 1, 100), Ask(1, 0.0105, 1, 10)];
        FleetHarness harness = Harness(new() { MaxSequences = 1, Limit = 1 }, 1000, 1024) with
        {
            Predictor = _ => 20,
            Remaining = () => new OracleRemaining(),
        };
        Assert.Equal([1L, 0L], harness.Run(new ScriptedTraffic(requests)).Sequences.Select(s => s.Id));
        FleetHarness blind = Harness(new() { MaxSequences = 1, Limit = 1, Refine = false }, 1000, 1024) with { Predictor = _ => 20 };
        Assert.Equal([0L, 1L], blind.Run(new ScriptedTraffic(requests)).Sequences.Select(s => s.Id));
    }

    private static FleetOutcome Run(TrailOptions options, IReadOnlyList<Request> requests, int blocks = 1000, int longest = 1024) =>
        Harness(options, blocks, longest).Run(new ScriptedTraffic(requests));

    private static FleetHarness Harness(TrailOptions options, int blocks, int longest) => new()
    {
        Scheduler = () => options.Create(new(longest, "toy", default)),
        Memory = () => new PagedMemory(blocks, 16),
        MaxModelTokens = longest,
        Predictor = request => request.OutputTokens,
        Cost = ToyCost.Constant(Step),
    };

    private static Request Ask(int id, double seconds, int prompt, int output) => new()
    {
        Id = id,
        Arrival = Instant.Zero + Duration.FromSeconds(seconds),
        PromptTokens = prompt,
        OutputTokens = output,
    };
}
