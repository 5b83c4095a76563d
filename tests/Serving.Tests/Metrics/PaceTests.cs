using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Metrics;

public sealed class PaceTests
{
    private const long Second = Duration.NanosecondsPerSecond;

    [Fact]
    public void TheAverageIsTheTextbookOneWithNormalisedWeights()
    {
        // Span 3 halves a gap's weight with each gap after it. Gaps of 1 s, 3 s and 1 s: 1, (3 + 0.5) / 1.5, (1 + 1.5 + 0.25) / 1.75.
        Pace pace = default;
        double decay = new PaceObjective(1, 3).Decay;
        Assert.Equal(0.5, decay);
        pace.Deliver([10 * Second], Instant.Never, decay);
        Assert.Equal(0, pace.Slowest);
        pace.Deliver([11 * Second], Instant.FromNanoseconds(10 * Second), decay);
        Assert.Equal(1, pace.Slowest, 12);
        pace.Deliver([14 * Second, 15 * Second], Instant.FromNanoseconds(11 * Second), decay);
        Assert.Equal(3.5 / 1.5, pace.Slowest, 12);
    }

    [Fact]
    public void ASpanOfOneLooksAtSingleGaps()
    {
        Pace pace = default;
        pace.Deliver([1 * Second, 2 * Second, 9 * Second, 10 * Second], Instant.Never, new PaceObjective(1, 1).Decay);
        Assert.Equal(7, pace.Slowest, 12);
    }

    [Fact]
    public void HowTokensAreGroupedChangesNoBit()
    {
        RandomStream random = RandomStream.Root(3);
        long[] ends = new long[200];
        for (int i = 1; i < ends.Length; i++) ends[i] = ends[i - 1] + 1 + random.NextInt(1_000_000_000);
        double decay = new PaceObjective(1, PaceObjective.DefaultSpanTokens).Decay;
        Pace whole = default;
        whole.Deliver(ends, Instant.Never, decay);
        Pace pieces = default;
        for (int at = 0; at < ends.Length;)
        {
            int next = Math.Min(ends.Length, at + 1 + random.NextInt(20));
            pieces.Deliver(ends.AsSpan(at, next - at), at == 0 ? Instant.Never : Instant.FromNanoseconds(ends[at - 1]), decay);
            at = next;
        }
        Assert.Equal(whole.Slowest, pieces.Slowest);
    }

    [Theory]
    // A step takes 10 ms: the first token after 10 ms, every further one 10 ms later.
    [InlineData(0, 0, 1)]
    [InlineData(1000, 0, 1)]
    [InlineData(1001, 0, 0)]
    [InlineData(0, 99, 1)]
    [InlineData(0, 101, 0)]
    [InlineData(999, 99, 1)]
    public void LimitsByPromptLengthAndPaceDecideWhatCounts(double promptRate, double pace, long met)
    {
        FleetHarness harness = new()
        {
            Scheduler = () => new VllmV1Options().Create(new(100, "toy", default)),
            Cost = ToyCost.Constant(Duration.FromMilliseconds(10)),
            Objective = ServiceObjective.None with { PromptTokensPerSecond = promptRate, Pace = pace > 0 ? new(pace, 16) : default },
        };
        Request request = new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 10, OutputTokens = 20 };
        Assert.Equal(met, harness.Run(new ScriptedTraffic([request])).Metrics.MetObjective);
    }
}
