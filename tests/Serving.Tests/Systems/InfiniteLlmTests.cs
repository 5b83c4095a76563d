using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Lending;
using Orrery.Serving.Systems.InfiniteLlm;
using Orrery.Testing.World;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Who borrows what from whom, on small fleets by hand: 1,000 blocks of 16 tokens each, 10 ms a step and 1 µs per token.</summary>
public sealed class InfiniteLlmTests
{
    private const int Total = 1000;

    [Fact]
    public void TheComputeBoundBatchOfAnA100IsAbout150() =>
        Assert.Equal(153, new InfiniteLlmOptions().BatchLimitOn(Deployment.Create(Catalog.Model("llama-2-7b"), Catalog.Device("a100-sxm-80gb"))));

    [Fact]
    public void NobodyLendsWhereNobodyLacksMemory()
    {
        foreach (LendingChoice choice in Enum.GetValues<LendingChoice>())
            Assert.Empty(Plan(choice, Idle(0, 900), Idle(1, 500)));
    }

    [Fact]
    public void APromptThatWaitsIsPlacedWhereMostIsFree()
    {
        LendingReport blocked = Idle(0, 100) with { Batch = 20, Waiting = 1, FirstWaitingBlocks = 400, WaitingBlocks = 400, FirstArrival = Instant.Zero, LocalTokens = 14_000 };
        LendingOrder order = Assert.Single(Plan(LendingChoice.Greedy, blocked, Idle(1, 500), Idle(2, 900)));
        Assert.Equal((LendingKind.Place, 0, 2), (order.Kind, order.Debtor, order.Creditor));
        // 400 and 50 that stay free for growth, less 100 that are free.
        Assert.Equal(350, order.Blocks);
    }

    [Fact]
    public void WhatOneCannotSpareTheNextGives()
    {
        LendingReport blocked = Idle(0, Total) with { Waiting = 1, FirstWaitingBlocks = 2300, WaitingBlocks = 2300, FirstIsTooLong = true, FirstArrival = Instant.Zero };
        IReadOnlyList<LendingOrder> orders = Plan(LendingChoice.Greedy, blocked, Idle(1, Total), Idle(2, 900));
        Assert.Equal([1, 2], orders.Select(order => order.Creditor));
        Assert.Equal(900, orders[0].Blocks);
        // 2,300 and 50 for growth, less what is free; more, as long as two who attend at once are faster than one.
        Assert.InRange(orders[1].Blocks, 450, 850);
    }

    [Fact]
    public void APromptThatAllTogetherCannotHoldGetsNothing()
    {
        LendingReport blocked = Idle(0, 500) with { Waiting = 1, FirstWaitingBlocks = 2300, WaitingBlocks = 2300, FirstIsTooLong = true, FirstArrival = Instant.Zero };
        Assert.Empty(Plan(LendingChoice.Greedy, blocked, Idle(1, 400)));
    }

    [Fact]
    public void NobodyBorrowsBeyondTheComputeBound()
    {
        LendingReport blocked = Idle(0, 100) with { Batch = 200, Waiting = 1, FirstWaitingBlocks = 400, WaitingBlocks = 400, FirstArrival = Instant.Zero };
        Assert.Empty(Plan(LendingChoice.Greedy, blocked, Idle(1, 900)));
    }

    [Fact]
    public void OfTwoThatCannotGoOnAloneTheOlderBorrowsFromTheYounger()
    {
        LendingReport older = Idle(0, Total) with { Waiting = 1, FirstWaitingBlocks = 1500, WaitingBlocks = 1500, FirstIsTooLong = true, FirstArrival = Instant.FromNanoseconds(1) };
        LendingReport younger = older with { Index = 1, FirstArrival = Instant.FromNanoseconds(2) };
        foreach (LendingChoice choice in Enum.GetValues<LendingChoice>())
        {
            LendingOrder order = Assert.Single(Plan(choice, older, younger));
            Assert.Equal((0, 1), (order.Debtor, order.Creditor));
        }
    }

    [Fact]
    public void ACreditorThatNeedsItsMemoryGetsItFromOwnersWithRoom()
    {
        LendingReport creditor = Idle(0, 10) with { LentBlocks = 500, LentTo = [(1, 300), (2, 200)], Waiting = 1, FirstWaitingBlocks = 200, WaitingBlocks = 200, FirstArrival = Instant.Zero };
        IReadOnlyList<LendingOrder> orders = Plan(LendingChoice.Nearest, creditor, Idle(1, 150) with { BorrowedBlocks = 300 }, Idle(2, 900) with { BorrowedBlocks = 200 });
        Assert.Equal([(LendingKind.TakeBack, 1, 0, 100), (LendingKind.TakeBack, 2, 0, 140)], orders.Select(order => (order.Kind, order.Debtor, order.Creditor, order.Blocks)));
    }

    [Fact]
    public void TheNearestLendFirst()
    {
        LendingReport blocked = Idle(9, 100) with { Waiting = 1, FirstWaitingBlocks = 400, WaitingBlocks = 400, FirstArrival = Instant.Zero };
        LendingReport[] reports = [.. Enumerable.Range(0, 10).Select(i => Idle(i, 900))];
        reports[9] = blocked;
        // Instances 8 and 9 share a machine, the others another.
        Assert.Equal(8, Assert.Single(Plan(LendingChoice.Nearest, reports)).Creditor);
    }

    private static LendingReport Idle(int index, int free) => new(index, Instant.Zero) { TotalBlocks = Total, FreeBlocks = free };

    private static List<LendingOrder> Plan(LendingChoice choice, params LendingReport[] reports)
    {
        InfiniteLlmOptions options = new() { Choice = choice };
        ToyCost cost = new(Duration.FromMilliseconds(10), Duration.FromMicroseconds(10), Duration.FromMicroseconds(1), Duration.FromNanoseconds(1));
        LendingPrices prices = new(new(Interconnect.Usual(Catalog.Device("a100-sxm-80gb")), 1), new(8192, 8320, 16384), 32, new Bytes(8 << 20), options.Combine);
        List<LendingOrder> orders = [];
        options.Create(RandomStream.Root(1)).Plan(reports, new(new(cost), prices, 153, 16, options.LendLimit, options.KeptShare), 0, orders);
        return orders;
    }
}
