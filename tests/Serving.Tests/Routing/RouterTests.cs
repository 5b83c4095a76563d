using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Routing;

public sealed class RouterTests
{
    [Fact]
    public void RoundRobinTakesTurns()
    {
        IRouter router = Create("round-robin");
        Assert.Equal([0, 1, 2, 0], Enumerable.Range(0, 4).Select(i => router.Choose(NewSequence(i), new FakeFleet(3))));
    }

    [Theory]
    [InlineData("least-loaded", 2)]
    [InlineData("least-tokens", 1)]
    public void LeastTakesTheFirstOfTheLeast(string name, int chosen)
    {
        FakeFleet fleet = new(4) { Requests = [5, 4, 1, 1], Tokens = [90, 10, 50, 10] };
        Assert.Equal(chosen, Create(name).Choose(NewSequence(0), fleet));
    }

    [Fact]
    public void RandomIsEvenAndFixedPerRequest()
    {
        IRouter router = Create("random");
        int[] counts = new int[4];
        for (int i = 0; i < 4000; i++) counts[router.Choose(NewSequence(i), new FakeFleet(4))]++;
        Assert.All(counts, count => Assert.InRange(count, 850, 1150));
        Assert.Equal(router.Choose(NewSequence(7), new FakeFleet(4)), Create("random").Choose(NewSequence(7), new FakeFleet(4)));
    }

    [Fact]
    public void PowerOfTwoNeverTakesTheBusiestAndReachesAllOthers()
    {
        FakeFleet fleet = new(4) { Requests = [3, 9, 4, 5] };
        int[] counts = new int[4];
        for (int i = 0; i < 4000; i++) counts[Create("power-of-two").Choose(NewSequence(i), fleet)]++;
        Assert.Equal(0, counts[1]);
        // The idlest wins all three of its six pairs, the next two, the next one.
        Assert.InRange(counts[0], 1850, 2150);
        Assert.InRange(counts[2], 1200, 1470);
        Assert.InRange(counts[3], 550, 790);
    }

    [Theory]
    [InlineData(80, 3, 1)] // the cache decides
    [InlineData(40, 3, 0)] // too little of it
    [InlineData(80, 60, 0)] // out of balance
    public void PrefixAwareWeighsCacheAgainstLoad(int cached, int busy, int chosen)
    {
        FakeFleet fleet = new(3) { Requests = [1, busy, 2], Cached = [0, cached, 0] };
        Assert.Equal(chosen, Create("prefix-aware").Choose(NewSequence(0), fleet));
    }

    [Fact]
    public void AskingACacheOfOtherBlocksLeavesNoTrace()
    {
        PrefixCachedMemory small = new(100, 8);
        PrefixCachedMemory large = new(100, 16);
        Assert.True(small.TryGrow(Shared(0), 64));
        Sequence sequence = Shared(1);
        Assert.Equal(0, large.CachedTokens(sequence));
        Assert.Equal(64, small.CachedTokens(sequence));

        static Sequence Shared(long id) =>
            new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = 100, OutputTokens = 10, Content = [new TokenSpan(1, 64)] }, 100, 0);
    }

    [Fact]
    public void PoolsKeepPrioritiesApart()
    {
        PriorityPools router = new(new LeastRouter(LoadMeasure.Requests), new LeastRouter(LoadMeasure.Requests), replica => replica >= 2);
        FakeFleet fleet = new(5) { Requests = [7, 6, 5, 3, 4] };
        Assert.Equal(1, router.Choose(NewSequence(0), fleet));
        Assert.Equal(1, router.Choose(NewSequence(0, priority: -1), fleet));
        Assert.Equal(3, router.Choose(NewSequence(0, priority: 1), fleet));
        Assert.Equal(new Route(3, Route.ByRole), router.Place(NewSequence(0, priority: 2), fleet));
        Assert.Equal(3, router.ChooseDecode(NewSequence(0, priority: 1), fleet));
        // Nobody is set aside for them: the others take them.
        Assert.Equal(1, router.Choose(NewSequence(0, priority: 1), new FakeFleet(2) { Requests = [7, 6] }));
    }

    private static IRouter Create(string name) => Routers.Registry.Find(name).Default.Create(RandomStream.Root(3).Split("router"));

    private static Sequence NewSequence(long id, int priority = 0) =>
        new(new Request { Id = id, Priority = priority, Arrival = Instant.Zero, PromptTokens = 100, OutputTokens = 10 }, 100, 0);

    private sealed class FakeFleet(int count) : IFleetView
    {
        public int[] Requests { get; init; } = new int[count];

        public long[] Tokens { get; init; } = new long[count];

        public int[] Cached { get; init; } = new int[count];

        public Instant Now => Instant.Zero;

        public int Count => count;

        public int LiveRequests(int replica) => Requests[replica];

        public long LiveTokens(int replica) => Tokens[replica];

        public double KvUse(int replica) => 0;

        public int CachedTokens(int replica, Sequence sequence) => Cached[replica];
    }
}
