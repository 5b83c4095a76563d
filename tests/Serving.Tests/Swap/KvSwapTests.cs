using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Traffic.Requests;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;

namespace Orrery.Serving.Tests.Swap;

/// <summary>Copies between device and host: their closed form, and what stays valid where.</summary>
public sealed class KvSwapTests
{
    private const int BlockTokens = 16;

    private static readonly CopyCosts Costs = new(1000, 4, Duration.FromMicroseconds(10), 1e9);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(63)]
    public void TheTimeOfACopyIsItsClosedForm(int groups)
    {
        // Llama-3-8B over PCIe 4: 32 layers, 8 heads of 128 for keys and as many for values, two bytes each, 32 GB/s.
        const int layers = 32;
        const int tokens = 1000;
        const double bytesPerToken = 2.0 * layers * 8 * 128 * 2;
        CopyCosts costs = CopyCosts.Of(Deploy(), CopyCosts.UsualLaunch);
        double seconds = (groups * layers * 2 * CopyCosts.UsualLaunch.Seconds) + (tokens * bytesPerToken / 32e9);
        Assert.Equal(seconds, costs.Of(tokens, groups).Seconds, 1e-9);
    }

    [Theory]
    [InlineData("llama-3-8b", 1, 64)]
    [InlineData("llama-3-8b", 3, 22)]
    [InlineData("deepseek-v3", 4, 16)]
    public void ARunTakesACopyForEachTensorOfTheLongestStage(string model, int stages, int copies)
    {
        Deployment deployment = Deployment.Create(Catalog.Model(model), Catalog.Device("a10"), new(1, stages), PrecisionPlan.SixteenBit, null);
        Assert.Equal(copies, CopyCosts.Of(deployment, Duration.Zero).CopiesPerRun);
    }

    /// <summary>The card puts the share at 90-95 % (c); dispatches of 10 µs, the top of their published range, reach it.</summary>
    [Theory]
    [InlineData(8, 0.885, 0.89)]
    [InlineData(10, 0.90, 0.95)]
    public void LaunchesAreNearlyAllOfABlockByBlockCopy(int launchMicroseconds, double low, double high)
    {
        CopyCosts costs = CopyCosts.Of(Deploy(), Duration.FromMicroseconds(launchMicroseconds));
        const int blocks = 100;
        double moving = costs.Of(blocks * BlockTokens, 0).Seconds;
        Assert.InRange(1 - (moving / costs.Of(blocks * BlockTokens, blocks).Seconds), low, high);
        // In one group of them hardly anything is left of it.
        Assert.InRange(1 - (moving / costs.Of(blocks * BlockTokens, 1).Seconds), 0.05, 0.1);
    }

    [Fact]
    public void OnlyWhatWasAddedGoesOutAgain()
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(1000, reuse: true);
        Sequence sequence = Resident(1, memory, 100);
        SwapOut(pool, sequence, memory);
        Assert.Equal(100, pool.TokensOut);
        SwapIn(pool, sequence, memory);
        Assert.False(sequence.IsOnHost);
        Assert.Equal(100, sequence.HostTokens);
        Assert.Equal(100, pool.SpareTokens);
        sequence.ComputedTokens = 130;
        SwapOut(pool, sequence, memory);
        Assert.Equal(130, pool.TokensOut);
        Assert.Equal(870, pool.FreeTokens);
        Assert.Equal(0, pool.SpareTokens);
    }

    [Fact]
    public void WithoutReuseEverythingGoesOutAgain()
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(1000, reuse: false);
        Sequence sequence = Resident(1, memory, 100);
        SwapOut(pool, sequence, memory);
        SwapIn(pool, sequence, memory);
        Assert.Equal(1000, pool.FreeTokens);
        sequence.ComputedTokens = 130;
        SwapOut(pool, sequence, memory);
        Assert.Equal(230, pool.TokensOut);
    }

    [Fact]
    public void AFullPoolOverwritesTheLeastUrgentCopyFromItsEnd()
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(300, reuse: true);
        Sequence urgent = Resident(1, memory, 100, standing: 0.1);
        Sequence idle = Resident(2, memory, 100, standing: 0.9);
        foreach (Sequence sequence in new[] { urgent, idle })
        {
            SwapOut(pool, sequence, memory);
            SwapIn(pool, sequence, memory);
        }
        Sequence third = Resident(3, memory, 160, standing: 0.5);
        SwapOut(pool, third, memory);
        // 100 tokens were free: 60 more are the end of the least urgent copy, whose mark shrinks to what is valid still.
        Assert.Equal((100, 40), (urgent.HostTokens, idle.HostTokens));
        Assert.Equal(60, pool.TokensOverwritten);
        Assert.Equal(0, pool.FreeTokens);
        long before = pool.TokensOut;
        SwapOut(pool, idle, memory);
        Assert.Equal(before + 60, pool.TokensOut);
        Assert.Equal((40, 100), (urgent.HostTokens, idle.HostTokens));
        // Copies that somebody waits for are never overwritten.
        Sequence fourth = Resident(4, memory, 60, standing: 0);
        Assert.False(pool.TrySendOut(fourth, memory, Instant.Zero));
        Assert.Equal((40, 160), (urgent.HostTokens, third.HostTokens));
        pool.Drop(urgent);
        pool.Drop(idle);
        pool.Drop(third);
        Assert.Equal(pool.TotalTokens, pool.FreeTokens);
    }

    [Fact]
    public void TheNextTurnFindsTheTurnsBefore()
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(1000, reuse: true);
        Sequence first = Turn(1, memory, [new(7, 50)], 20, computed: 69);
        End(pool, first, memory);
        Assert.Equal(69, pool.ParkedTokens);
        Sequence second = new(Ask(2, [new(7, 50), new(1001, 20), new(8, 30)], 10), 1000, 0);
        pool.Adopt(second);
        Assert.True(second.IsOnHost);
        Assert.Equal((69, 69, 31), (second.ComputedTokens, second.HostTokens, second.MissingTokens));
        Assert.Equal(0, pool.ParkedTokens);
        Assert.Equal(931, pool.FreeTokens);
        // Its own end writes only what is new.
        SwapIn(pool, second, memory);
        second.ComputedTokens = 109;
        End(pool, second, memory);
        Assert.Equal(109, pool.TokensOut);
        Assert.Equal(109, pool.ParkedTokens);
    }

    [Theory]
    [InlineData(7UL, 50, 1001UL, 50 + 19)]
    [InlineData(7UL, 50, 99UL, 50)]
    [InlineData(7UL, 40, 1001UL, 40)]
    [InlineData(9UL, 50, 1001UL, 0)]
    public void OnlyEqualLeadingContentIsFound(ulong prompt, int tokens, ulong answer, int found)
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(1000, reuse: true);
        End(pool, Turn(1, memory, [new(7, 50)], 20, computed: 69), memory);
        Sequence next = new(Ask(2, [new(prompt, tokens), new(answer, 20), new(8, 30)], 10), 1000, 0);
        pool.Adopt(next);
        Assert.Equal(found, next.ComputedTokens);
        Assert.Equal(1000 - found, pool.FreeTokens);
    }

    [Fact]
    public void AShortPoolKeepsThePrefixOfAConversation()
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(100, reuse: true);
        End(pool, Turn(1, memory, [new(7, 50)], 20, computed: 69), memory);
        Sequence other = Resident(5, memory, 80);
        SwapOut(pool, other, memory);
        Assert.Equal(20, pool.ParkedTokens);
        Sequence next = new(Ask(2, [new(7, 50), new(1001, 20), new(8, 30)], 10), 1000, 0);
        pool.Adopt(next);
        Assert.Equal(20, next.ComputedTokens);
        Assert.Equal(0, pool.FreeTokens);
    }

    [Fact]
    public void AnUrgentCopyIsNotOverwrittenByATurnThatIsLessUrgent()
    {
        PagedMemory memory = new(100, BlockTokens);
        KvSwap pool = Pool(100, reuse: true);
        Sequence urgent = Turn(1, memory, [new(7, 50)], 20, computed: 69);
        urgent.Standing = 0.1;
        End(pool, urgent, memory);
        Sequence other = new(new Request { Id = 3, Arrival = Instant.Zero, PromptTokens = 60, OutputTokens = 9, Session = 4, Content = [new(70, 60)], OutputContentId = 71 }, 1000, 0)
        {
            Standing = 0.8,
            ComputedTokens = 60,
        };
        Assert.True(memory.TryGrow(other, 60));
        End(pool, other, memory);
        Assert.Equal(100, pool.ParkedTokens);
        Assert.Equal(0, pool.TokensOverwritten);
    }

    [Fact]
    public void WhatIsAlreadyOnTheHostDoesNotDrain()
    {
        PagedMemory memory = new(20, BlockTokens);
        KvSwap pool = Pool(1000, reuse: true, CopyMode.Background);
        Sequence sequence = Resident(1, memory, 160);
        SwapOut(pool, sequence, memory);
        Assert.Equal(10, pool.DrainingBlocks);
        SwapIn(pool, sequence, memory);
        pool.Advance(Instant.Zero + Duration.FromSeconds(1));
        sequence.ComputedTokens = 170;
        Assert.True(memory.TryGrow(sequence, 170));
        SwapOut(pool, sequence, memory);
        Assert.Equal(1, pool.DrainingBlocks);
    }

    private static KvSwap Pool(long tokens, bool reuse, CopyMode mode = CopyMode.Blocking) => new(new() { Out = mode, In = CopyMode.Blocking, Reuse = reuse }, Costs, tokens);

    private static Sequence Resident(int id, PagedMemory memory, int tokens, double standing = 0)
    {
        Sequence sequence = new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = 500, OutputTokens = 9 }, 1000, 0) { Standing = standing };
        Assert.True(memory.TryGrow(sequence, tokens));
        sequence.ComputedTokens = tokens;
        return sequence;
    }

    private static Sequence Turn(int id, PagedMemory memory, TokenSpan[] prompt, int output, int computed)
    {
        Sequence sequence = new(Ask(id, prompt, output), 1000, 0);
        Assert.True(memory.TryGrow(sequence, computed));
        sequence.ComputedTokens = computed;
        return sequence;
    }

    private static Request Ask(int id, TokenSpan[] prompt, int output) => new()
    {
        Id = id,
        Arrival = Instant.Zero,
        PromptTokens = prompt.Sum(span => span.Tokens),
        OutputTokens = output,
        Content = prompt,
        OutputContentId = 1000 + (ulong)id,
        Session = 3,
    };

    private static void SwapOut(KvSwap pool, Sequence sequence, PagedMemory memory)
    {
        Assert.True(pool.TrySendOut(sequence, memory, Instant.Zero));
        memory.Release(sequence);
    }

    private static void SwapIn(KvSwap pool, Sequence sequence, PagedMemory memory)
    {
        Assert.True(memory.TryGrow(sequence, sequence.ComputedTokens));
        pool.Return(sequence, pool.TimeToReturn(sequence, memory), Instant.Zero);
    }

    private static void End(KvSwap pool, Sequence sequence, PagedMemory memory)
    {
        sequence.Outcome = Outcome.Finished;
        pool.Leave(sequence, memory, Instant.Zero);
        memory.Release(sequence);
    }

    private static Deployment Deploy() =>
        Deployment.Create(Catalog.Model("llama-3-8b"), Catalog.Device("a10"), ParallelPlan.Single, PrecisionPlan.SixteenBit, null);
}
