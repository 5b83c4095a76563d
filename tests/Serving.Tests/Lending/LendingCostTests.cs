using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Lending;
using Orrery.Testing.World;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Hardware;
using Orrery.World.Steps;

namespace Orrery.Serving.Tests.Lending;

/// <summary>Steps with attention elsewhere by hand: 1 ms, 10 µs per token of the batch, 1 µs per token of context.</summary>
public sealed class LendingCostTests
{
    private const int Layers = 10;

    private static readonly Duration Microsecond = Duration.FromMicroseconds(1);

    private readonly RemoteWork _work = new();

    [Fact]
    public void WithoutLendingAStepCostsWhatItCosts()
    {
        StepCost cost = Cost(0).CreateStep();
        cost.Prepare(Decodes(500, 300));
        Assert.Equal(Microsecond * (1000 + 20 + 800), cost.At(0));
        Assert.Equal(Microsecond * (1000 + 20 + 800 + (2 * 7)), cost.At(7));
    }

    [Fact]
    public void TheSlowerOfHereAndThereDecides()
    {
        // 400 of 500 tokens elsewhere: 100 + 300 here; there 400, and ten layers of a round trip of 10 µs.
        _work.AddDecode([new(8, 25)], 16, 500);
        _work.AddDecode([], 16, 300);
        StepCost cost = Cost(0).CreateStep();
        cost.Prepare(Decodes(500, 300));
        // Base 1,020 and one token of context each; attention here 398 beyond those, elsewhere 400 + 100 + bytes; then combine, 10 · 5 µs.
        Duration bytes = Exchange(1) - (Microsecond * 100);
        Assert.Equal((Microsecond * (1022 + 400 + 100 + 50)) + bytes, cost.At(0));
        // Here it grows with each step, elsewhere it stays: from some step on here is slower.
        Assert.Equal(Microsecond * (1000 + 20 + 400 + (2 * 200) + 50), cost.At(200));
    }

    [Fact]
    public void TheHolderPaysForWhatItAttends()
    {
        _work.SetGuests(3, [400, 100]);
        _work.SetGuests(4, [250]);
        StepCost cost = Cost(0).CreateStep();
        cost.Prepare(Decodes(500));
        Assert.Equal(Microsecond * (1010 + 500 + 750), cost.At(0));
        Assert.Equal(Microsecond * (1010 + 501 + 750), cost.At(1));
        Assert.Equal(750, (long)(cost.FlopsAt(0) - new ToyCostOf().Flops(500)));
        _work.SetGuests(3, []);
        cost.Prepare(Decodes(500));
        Assert.Equal(Microsecond * (1010 + 500 + 250), cost.At(0));
        Assert.Equal(250, _work.GuestTokens);
    }

    [Fact]
    public void HoldersWorkAtOnceAndThePortIsShared()
    {
        _work.AddDecode([new(8, 20), new(9, 5)], 16, 500);
        StepCost cost = Cost(0).CreateStep();
        cost.Prepare(Decodes(500));
        Assert.Equal((Microsecond * (1011 + 320 + 50)) + Exchange(2), cost.At(0));
    }

    [Fact]
    public void AStepLastsAsLongAsTheBlocksItSendsOut()
    {
        _work.Send(8, 100);
        StepCost cost = Cost(0).CreateStep();
        cost.Prepare(Decodes(500));
        // 100 blocks of a megabyte at 25 GB/s.
        Assert.Equal(Duration.FromMilliseconds(4), cost.At(0));
        Assert.Equal(Microsecond * (1010 + 501), cost.At(1));
    }

    [Fact]
    public void StepsOfARunEqualSingleSteps()
    {
        _work.AddDecode([new(8, 25)], 16, 500);
        _work.AddDecode([new(9, 1)], 16, 40);
        _work.SetGuests(5, [77]);
        StepCost run = Cost(0).CreateStep();
        run.Prepare(Decodes(500, 40));
        for (int k = 1; k < 300; k += 13)
        {
            StepCost single = Cost(0).CreateStep();
            single.Prepare(Decodes(500 + k, 40 + k));
            Assert.Equal(single.At(0), run.At(k));
            Assert.Equal(single.FlopsAt(0), run.FlopsAt(k));
            Assert.Equal(single.MemoryBytesAt(0), run.MemoryBytesAt(k));
        }
    }

    [Fact]
    public void InstanceTimesReadTheEngine()
    {
        InstanceTimes times = new(Toy());
        Assert.Equal(1e-6, times.SecondsPerToken, 12);
        Assert.Equal(0.001 + (5 * 11e-6), times.LinearSeconds(5), 9);
        Assert.Equal(times.LinearSeconds(5) + 0.002, times.StepSeconds(5, 2000), 9);
    }

    private static ToyCost Toy() => new(Duration.FromMilliseconds(1), Microsecond * 10, Microsecond, Duration.FromNanoseconds(1));

    private static LendingPrices Prices()
    {
        LendingNetwork network = new(Interconnect.Usual(Catalog.Device("a100-sxm-80gb")), 1);
        return new(network, new AttentionTraffic(8192, 8320, 16384), Layers, new Bytes(1_000_000), Microsecond * 5);
    }

    /// <summary>Round trips of 10 µs between machines, and 8,320 bytes per decode through 25 GB/s, ten times.</summary>
    private static Duration Exchange(int decodes) => ((Microsecond * 10) + (Duration.FromSeconds(8320 / 25e9) * decodes)) * Layers;

    private LendingCost Cost(int replica) => new(Toy(), replica, _work, Prices());

    private static StepShape Decodes(params int[] contexts)
    {
        StepShape shape = new();
        foreach (int context in contexts) shape.AddDecode(context);
        return shape;
    }

    private sealed class ToyCostOf
    {
        public Int128 Flops(int context)
        {
            StepCost cost = Toy().CreateStep();
            cost.Prepare(Decodes(context));
            return cost.FlopsAt(0);
        }
    }
}
