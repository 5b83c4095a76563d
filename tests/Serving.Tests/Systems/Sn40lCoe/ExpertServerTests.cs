using Orrery.Serving.Systems.Sn40lCoe;

namespace Orrery.Serving.Tests.Systems.Sn40lCoe;

public sealed class ExpertServerTests
{
    private static readonly ExpertTimes Times = new(prompts => 1, prompts => 10 + prompts, 5);

    [Fact]
    public void TheLeastRecentlyUsedExpertGivesWay()
    {
        var cache = new ExpertCache(2);
        Assert.Equal([false, false, true, false, true, false], new[] { 1, 2, 1, 3, 1, 2 }.Select(expert => cache.Use(expert)));
        Assert.True(cache.Holds(1) && cache.Holds(2) && !cache.Holds(3));
    }

    [Fact]
    public void AnExpertThatRunsStaysAndTheOnlyOneCannotGive()
    {
        var cache = new ExpertCache(2);
        foreach (int expert in new[] { 1, 2 }) cache.Use(expert);
        cache.Use(3, pinned: 1);
        Assert.True(cache.Holds(1) && cache.Holds(3));
        var single = new ExpertCache(1);
        single.Use(1);
        Assert.Throws<InvalidOperationException>(() => single.Use(2, pinned: 1));
    }

    [Fact]
    public void OnUniformDrawsHitsAreTheShareThatFits()
    {
        var random = Orrery.Kernel.Random.RandomStream.Root(3);
        var cache = new ExpertCache(36);
        for (int i = 0; i < 5000; i++) cache.Use(random.NextInt(150));
        int hits = Enumerable.Range(0, 50_000).Count(_ => cache.Use(random.NextInt(150)));
        Assert.InRange(hits / 50_000.0, (36.0 / 150) - 0.01, (36.0 / 150) + 0.01);
    }

    [Fact]
    public void ABatchIsRoutedThenRunGroupByGroup()
    {
        var server = new ExpertServer(Times, new ExpertCache(2), 8, prefetch: false, groups: true);
        server.Serve([new(0, 1), new(0, 2), new(0, 1)]);
        // Router 1; expert 1: copy 5, run 12 for two prompts; expert 2: copy 5, run 11.
        Assert.Equal(1 + 5 + 12 + 5 + 11, server.EndSeconds, 12);
        Assert.Equal((2L, 2L, 10.0), (server.Groups, server.Switches, server.WaitSeconds));
        Assert.Equal(3, server.Latency.Count);
        Assert.Equal(18e9, server.Latency.Min);
    }

    [Fact]
    public void WithoutGroupsEveryPromptRunsAloneInItsTurn()
    {
        var server = new ExpertServer(Times, new ExpertCache(1), 8, prefetch: false, groups: false);
        server.Serve([new(0, 1), new(0, 2), new(0, 1)]);
        Assert.Equal(1 + (3 * (5 + 11)), server.EndSeconds, 12);
        Assert.Equal(3, server.Switches);
    }

    [Fact]
    public void ReadingAheadHidesTheCopyBehindARun()
    {
        var server = new ExpertServer(Times, new ExpertCache(2), 8, prefetch: true, groups: true);
        server.Serve([new(0, 1), new(0, 2), new(0, 1)]);
        Assert.Equal(1 + 5 + 12 + 11, server.EndSeconds, 12);
        Assert.Equal((2L, 5.0), (server.Switches, server.WaitSeconds));
    }

    [Fact]
    public void APromptThatComesDuringARunIsRoutedBesideItAndItsCopyHidden()
    {
        var server = new ExpertServer(Times, new ExpertCache(2), 8, prefetch: true, groups: true);
        server.Serve([new(0, 1), new(8, 2)]);
        // The run lasts from 6 to 17; the second prompt is known at 9 and its expert there at 14.
        Assert.Equal(17 + 11, server.EndSeconds, 12);
        var late = new ExpertServer(Times, new ExpertCache(2), 8, prefetch: true, groups: true);
        late.Serve([new(0, 1), new(15, 2)]);
        // Known at 16, there at 21.
        Assert.Equal(21 + 11, late.EndSeconds, 12);
    }

    [Fact]
    public void AnExpertThatHasLeftIsCopiedAgain()
    {
        var server = new ExpertServer(Times, new ExpertCache(1), 1, prefetch: true, groups: true);
        server.Serve([new(0, 1), new(0, 2), new(0, 2), new(0, 1)]);
        Assert.Equal(3, server.Switches);
    }

    [Fact]
    public void EveryPromptIsAnsweredOnceUnderRandomLoad()
    {
        foreach (bool prefetch in new[] { false, true })
        {
            var random = Orrery.Kernel.Random.RandomStream.Root(11);
            var server = new ExpertServer(Times, new ExpertCache(3), 4, prefetch, groups: true);
            double now = 0;
            server.Serve([.. Enumerable.Range(0, 2000).Select(_ => new ExpertPrompt(now += 9 * random.NextDouble(), random.NextInt(8)))]);
            Assert.Equal(2000, server.Latency.Count);
            Assert.True(server.Switches <= server.Groups);
            Assert.True(server.Latency.Min >= 11e9 - 1);
        }
    }
}
