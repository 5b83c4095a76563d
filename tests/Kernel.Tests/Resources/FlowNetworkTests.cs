using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Kernel.Tests.Resources;

public class FlowNetworkTests
{
    private readonly VirtualClock _clock = new();
    private readonly List<string> _log = [];

    [Fact]
    public void FlowsOnOneLinkShareItEqually()
    {
        FlowNetwork network = new(_clock);
        int link = network.AddLink("link", new BytesPerSecond(100));
        Send(network, "a", 0, [link], 200);
        Send(network, "b", 1, [link], 150);
        Send(network, "c", 10, [link], 100, latency: 0.25);
        Send(network, "empty", 20, [link], 0, latency: 0.5);
        Send(network, "nowhere", 30, [], 1000, latency: 2);
        _clock.Run();
        Assert.Equal(["a@3", "b@3.5", "c@11.25", "empty@20.5", "nowhere@32"], _log);
        Assert.Equal(450, network.BytesMoved(link));
        Assert.Equal(0, network.Flows(link));
        // One flow 0..1, two 1..3, one 3..3.5 and 10..11.
        Assert.Equal(6.5 / 32, network.Active(link).Mean(_clock.Now), 12);
    }

    [Fact]
    public void WhatABottleneckLeavesGoesToTheOthers()
    {
        // The textbook case: a crosses both links, b the first alone, c and d the second alone. The second gives a, c, d 20 each; b gets 80.
        FlowNetwork network = new(_clock);
        int wide = network.AddLink("wide", new BytesPerSecond(100));
        int narrow = network.AddLink("narrow", new BytesPerSecond(60));
        Send(network, "a", 0, [wide, narrow], 200);
        Send(network, "b", 0, [wide], 800);
        Send(network, "c", 0, [narrow], 200);
        Send(network, "d", 0, [narrow], 200);
        _clock.Spawn("look", async () =>
        {
            await Sleep(5);
            Assert.Equal(100, network.Rate(wide).Value, 9);
            Assert.Equal(60, network.Rate(narrow).Value, 9);
        });
        _clock.Run();
        Assert.Equal(["a@10", "b@10", "c@10", "d@10"], [.. _log.Order()]);
    }

    [Fact]
    public void AFlowSendsNoFasterThanItsLimit()
    {
        FlowNetwork network = new(_clock);
        int link = network.AddLink("link", new BytesPerSecond(100));
        Send(network, "slow", 0, [link], 100, limit: 10);
        // 90 is left for the other two, 45 each.
        Send(network, "one", 0, [link], 450);
        Send(network, "two", 0, [link], 450, limit: 70);
        _clock.Run();
        Assert.Equal(["one@10", "slow@10", "two@10"], [.. _log.Order()]);
    }

    [Fact]
    public void ACancelledOrLateFlowGivesItsShareBack()
    {
        FlowNetwork network = new(_clock);
        int link = network.AddLink("link", new BytesPerSecond(100));
        Send(network, "a", 0, [link], 300);
        Process victim = _clock.Spawn("b", async () => await network.Transfer([link], new Bytes(1000)));
        _clock.Spawn("late", async () => Log(await network.Transfer([link], new Bytes(1000), deadline: Instant.FromSeconds(3)) ? "?" : "late"));
        _clock.Spawn("on time", async () =>
        {
            await Sleep(10);
            Log(await network.Transfer([link], new Bytes(100), deadline: Instant.FromSeconds(11)) ? "on time" : "?");
        });
        _clock.Spawn("killer", async () =>
        {
            await Sleep(1.5);
            victim.Cancel();
        });
        _clock.Run();
        Assert.Equal(["late@3", "a@4.75", "on time@11"], _log);
        Assert.Equal(400, network.BytesMoved(link));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void OneLinkIsAProcessorSharingLink(ulong seed)
    {
        BytesPerSecond bandwidth = new(1_234_567);
        RandomStream random = RandomStream.Root(seed).Split("flows");
        ProcessorSharingLink reference = new(_clock, "reference", bandwidth);
        FlowNetwork network = new(_clock);
        int link = network.AddLink("link", bandwidth);
        const int flows = 300;
        long[] expected = new long[flows];
        long[] ends = new long[flows];
        for (int i = 0; i < flows; i++)
        {
            int flow = i;
            Duration start = Duration.FromNanoseconds(random.NextInt(2_000_000_000));
            Bytes bytes = new(1 + random.NextInt(50_000));
            _clock.Spawn("reference", async () =>
            {
                await _clock.Delay(start);
                await reference.Transfer(bytes);
                expected[flow] = _clock.Now.Nanoseconds;
            });
            _clock.Spawn("flow", async () =>
            {
                await _clock.Delay(start);
                await network.Transfer([link], bytes);
                ends[flow] = _clock.Now.Nanoseconds;
            });
        }
        _clock.Run();
        for (int i = 0; i < flows; i++) Assert.InRange(ends[i] - expected[i], -1, 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FlowsEndWhenMaxMinFairnessSays(ulong seed)
    {
        RandomStream random = RandomStream.Root(seed).Split("network");
        FlowNetwork network = new(_clock);
        double[] bandwidth = [100, 250, 70, 1000, 330];
        foreach (double each in bandwidth) network.AddLink("link", new BytesPerSecond(each));
        Sent[] flows = new Sent[60];
        double[] ends = new double[flows.Length];
        for (int i = 0; i < flows.Length; i++)
        {
            int flow = i;
            int[] path = [.. Enumerable.Range(0, bandwidth.Length).Where(_ => random.NextInt(3) == 0)];
            if (path.Length == 0) path = [random.NextInt(bandwidth.Length)];
            double limit = random.NextInt(2) == 0 ? double.PositiveInfinity : 5 + random.NextInt(100);
            flows[i] = new Sent(random.NextInt(100) / 10.0, path, 10 + random.NextInt(2000), limit);
            _clock.Spawn("flow", async () =>
            {
                await Sleep(flows[flow].Start);
                await network.Transfer(path, new Bytes(flows[flow].Bytes), flowLimit: double.IsFinite(limit) ? new BytesPerSecond(limit) : null);
                ends[flow] = _clock.Now.Seconds;
            });
        }
        bool overfull = false;
        _clock.Spawn("look", async () =>
        {
            for (int t = 0; t < 30; t++)
            {
                await Sleep(0.75);
                for (int link = 0; link < bandwidth.Length; link++) overfull |= network.Rate(link).Value > bandwidth[link] * (1 + 1e-9);
            }
        });
        _clock.Run();
        double[] expected = FluidEnds(flows, bandwidth);
        Assert.False(overfull);
        // The next whole nanosecond; the reference itself rounds.
        for (int i = 0; i < flows.Length; i++) Assert.InRange(ends[i] - expected[i], -1e-9, 2e-9);
        Assert.Equal(flows.Where(f => f.Path.Contains(2)).Sum(f => f.Bytes), network.BytesMoved(2));
    }

    [Fact]
    public void MistakesAreRefused()
    {
        FlowNetwork network = new(_clock);
        int link = network.AddLink("link", new BytesPerSecond(100));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.AddLink("dead", BytesPerSecond.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => { network.Transfer([5], new Bytes(1)); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { network.Transfer([link], new Bytes(-1)); });
        Assert.Throws<ArgumentException>(() => { network.Transfer([link, link], new Bytes(1)); });
    }

    // The definition, step by step: between changes the rates of all flows rise together until a link or a limit stops some of them.
    private static double[] FluidEnds(Sent[] flows, double[] bandwidth)
    {
        double[] left = [.. flows.Select(f => (double)f.Bytes)];
        double[] ends = new double[flows.Length];
        List<int> active = [];
        Queue<int> coming = new(Enumerable.Range(0, flows.Length).OrderBy(i => flows[i].Start));
        double now = 0;
        while (coming.Count > 0 || active.Count > 0)
        {
            Dictionary<int, double> rates = Rates(flows, bandwidth, active);
            double then = active.Count == 0 ? double.PositiveInfinity : now + active.Min(i => left[i] / rates[i]);
            double join = coming.Count > 0 ? flows[coming.Peek()].Start : double.PositiveInfinity;
            double next = Math.Min(then, join);
            foreach (int i in active) left[i] -= (next - now) * rates[i];
            now = next;
            if (join <= then)
            {
                active.Add(coming.Dequeue());
                continue;
            }
            int done = active.MinBy(i => left[i] / rates[i]);
            ends[done] = now;
            active.Remove(done);
        }
        return ends;
    }

    private static Dictionary<int, double> Rates(Sent[] flows, double[] bandwidth, List<int> active)
    {
        Dictionary<int, double> rates = active.ToDictionary(i => i, _ => 0.0);
        double[] free = [.. bandwidth];
        List<int> rising = [.. active];
        while (rising.Count > 0)
        {
            double Room(int link) => rising.Any(i => flows[i].Path.Contains(link)) ? free[link] / rising.Count(i => flows[i].Path.Contains(link)) : double.PositiveInfinity;
            double rise = Math.Min(Enumerable.Range(0, bandwidth.Length).Min(Room), rising.Min(i => flows[i].Limit - rates[i]));
            foreach (int i in rising)
            {
                rates[i] += rise;
                foreach (int link in flows[i].Path) free[link] -= rise;
            }
            rising.RemoveAll(i => rates[i] >= flows[i].Limit - 1e-9 || flows[i].Path.Any(link => free[link] <= 1e-9));
        }
        return rates;
    }

    private void Send(FlowNetwork network, string name, double at, int[] path, long bytes, double latency = 0, double limit = double.PositiveInfinity) =>
        _clock.Spawn(name, async () =>
        {
            await Sleep(at);
            await network.Transfer(path, new Bytes(bytes), Duration.FromSeconds(latency), double.IsFinite(limit) ? new BytesPerSecond(limit) : null);
            Log(name);
        });

    private Wait Sleep(double seconds) => _clock.Delay(Duration.FromSeconds(seconds));

    private void Log(string what) => _log.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{what}@{_clock.Now.Seconds}"));

    private sealed record Sent(double Start, int[] Path, long Bytes, double Limit);
}
