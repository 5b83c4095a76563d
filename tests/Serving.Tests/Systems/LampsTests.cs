using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Calls;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.Lamps;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>LAMPS: its area of memory over time, the order that follows, and what waiting long is worth.</summary>
public sealed class LampsTests
{
    private static readonly Duration Step = Duration.FromMilliseconds(10);

    [Fact]
    public void TheAreaIsTheSumOverSteps()
    {
        RandomStream random = RandomStream.Root(3);
        for (int i = 0; i < 200; i++)
        {
            int chunk = 1 + random.NextInt(400);
            int from = random.NextInt(1000);
            int to = from + random.NextInt(2000);
            int tokens = random.NextInt(300);
            MemoryArea area = new(0.03, chunk);
            double sum = 0;
            for (int held = from; held < to;)
            {
                held = Math.Min(held + chunk, to);
                sum += held * 0.03;
            }
            Assert.Equal(sum, area.Build(from, to), 1e-9 * (1 + sum));
            sum = 0;
            for (int token = 1; token <= tokens; token++) sum += (to + token) * 0.03;
            Assert.Equal(sum, area.Decode(to, tokens), 1e-9 * (1 + sum));
        }
    }

    [Theory]
    [InlineData(PausedKv.Preserve, 105 * 2.0, false)] // C·T
    [InlineData(PausedKv.Discard, 0, true)]
    public void TheExactRankIsTheTimelineByHand(PausedKv kv, double heldDuringCall, bool anew)
    {
        // Steps of 10 ms and 40 tokens: 40 + 80 + 100 for the prompt, 101 … 105 for the tokens, then the answer of 30: on top or with all.
        Sequence sequence = Calling(prompt: 100, after: 5, seconds: 2, returned: 30);
        sequence.Intent = new(kv, 0);
        MemoryRank rank = new(RankForm.Exact, 40, new(0, 0.01));
        double answer = anew ? 40 + 80 + 120 + 135 : 135;
        double expected = (0.01 * (40 + 80 + 100 + 101 + 102 + 103 + 104 + 105 + answer)) + heldDuringCall;
        Assert.Equal(expected, rank.Of(sequence, View(), 0), 9);
    }

    [Fact]
    public void TheCodesRankIsAsWritten()
    {
        // 105 tokens are 7 blocks before, 5 + 30 are 3 after; B = h = 40, f = 14 ms: A(n) = f·(1 + m)·m/2·40 with m = ⌈16n/40⌉.
        Sequence sequence = Calling(prompt: 100, after: 5, seconds: 2, returned: 30);
        MemoryRank rank = new(RankForm.Code, 40, new(0, 0.01));
        const double unit = 0.014 * 40;
        double before = unit * 6; // m = 3
        double after = unit * 3; // m = 2
        sequence.Intent = new(PausedKv.Preserve, 0);
        Assert.Equal(before + (2 * 112) + after, rank.Of(sequence, View(), 0), 9);
        sequence.Intent = new(PausedKv.Discard, 0);
        Assert.Equal(before + (unit * 10), rank.Of(sequence, View(), 0), 9); // m = 4
        sequence.Intent = new(PausedKv.Swap, 0);
        Assert.Equal(before + (2 * 49 / 4.0) + 0.2 + after, rank.Of(sequence, View(), 0), 9);
    }

    [Theory]
    [InlineData(PausedKv.Discard, 1)]
    [InlineData(PausedKv.Preserve, 2)]
    public void TheHandlingDecidesWhoIsSmall(PausedKv kv, long expected)
    {
        // One slot. The second calls a tool for 10 s after five tokens, the third just has more tokens.
        List<Request> requests =
        [
            new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 20, OutputTokens = 50 },
            new() { Id = 1, Arrival = At(1), PromptTokens = 20, OutputTokens = 20, Calls = [new(5, Duration.FromSeconds(10), 4)] },
            new() { Id = 2, Arrival = At(2), PromptTokens = 20, OutputTokens = 60 },
        ];
        FleetOutcome outcome = Run(new() { MaxSequences = 1 }, requests, kv);
        Assert.Equal(expected, outcome.Sequences.Where(s => s.Id > 0).MinBy(s => s.FirstScheduled.Nanoseconds)!.Id);
    }

    [Fact]
    public void WhoDoesNotFitIsPassedOver()
    {
        // Blocks of 16: the first holds 13 of 20. The second has the smaller rank and does not fit; the third does.
        List<Request> requests =
        [
            new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 200, OutputTokens = 8 },
            new() { Id = 1, Arrival = At(1), PromptTokens = 160, OutputTokens = 2 },
            new() { Id = 2, Arrival = At(2), PromptTokens = 10, OutputTokens = 90 },
        ];
        FleetOutcome outcome = Run(new() { Watermark = 0 }, requests, PausedKv.Discard, blocks: 20);
        Assert.True(outcome.Sequences.Single(s => s.Id == 2).FirstScheduled < outcome.Sequences.Single(s => s.Id == 1).FirstScheduled);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(null)]
    public void WaitingLongEndsWaiting(int? threshold)
    {
        // One slot and more short requests than it serves; the long one came before them.
        const int shortTokens = 12;
        List<Request> requests = [new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 10, OutputTokens = shortTokens }];
        requests.Add(new() { Id = 1, Arrival = At(1), PromptTokens = 100, OutputTokens = 100 });
        for (int i = 2; i < 100; i++) requests.Add(new() { Id = i, Arrival = At(2 + ((i - 2) * 100)), PromptTokens = 10, OutputTokens = shortTokens });
        LampsOptions options = new() { MaxSequences = 1, StarvationThreshold = threshold, StarvationCount = StarvationCount.All };
        Sequence longOne = Run(options, requests, PausedKv.Discard).Sequences.Single(s => s.Id == 1);
        long steps = longOne.FirstScheduled.Nanoseconds / Step.Nanoseconds;
        if (threshold is { } limit) Assert.InRange(steps, limit, limit + shortTokens + 1);
        else Assert.True(steps > 500, $"{steps} steps");
    }

    [Fact]
    public void OnlyThoseServedBeforeCountWhereTheCodeSaysSo()
    {
        LampsOptions options = new() { StarvationThreshold = 5, StarvationQuantum = 20 };
        Sequence sequence = Calling(10, 5, 1, 1);
        LampsMember member = new(sequence);
        member.Waits(0, options);
        Assert.False(member.Look(100, options.StarvationQuantum));
        sequence.FirstScheduled = At(1);
        member.Waits(100, options);
        Assert.False(member.Look(104, options.StarvationQuantum));
        Assert.True(member.Look(105, options.StarvationQuantum));
        Assert.True(member.GoesFirst);
        Assert.False(member.Look(124, options.StarvationQuantum));
        Assert.True(member.Look(125, options.StarvationQuantum));
        Assert.False(member.GoesFirst);
    }

    private static Instant At(int milliseconds) => Instant.Zero + Duration.FromMilliseconds(milliseconds);

    private static ReplicaView View() => new(new PagedMemory(100, 16), 4096);

    private static Sequence Calling(int prompt, int after, double seconds, int returned)
    {
        Request request = new() { Id = 0, Arrival = Instant.Zero, PromptTokens = prompt, OutputTokens = 50, Calls = [new(after, Duration.FromSeconds(seconds), returned)] };
        return new(request, 100, 0) { Forecasts = new OracleCalls().Track(request) };
    }

    private static FleetOutcome Run(LampsOptions options, IReadOnlyList<Request> requests, PausedKv kv, int blocks = 1000) => new FleetHarness
    {
        Scheduler = () => options.Create(new(4096, "toy", default)),
        Memory = () => new PagedMemory(blocks, 16),
        Cost = ToyCost.Constant(Step),
        Calls = () => new FixedHandling(kv, returnsFirst: false),
        CallPredictor = new OracleCalls(),
    }.Run(new ScriptedTraffic(requests));
}
