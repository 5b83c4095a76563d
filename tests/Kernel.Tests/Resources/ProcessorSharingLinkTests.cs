using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Kernel.Tests.Resources;

public class ProcessorSharingLinkTests
{
    private readonly VirtualClock _clock = new();
    private readonly List<string> _log = [];

    [Fact]
    public void FlowsShareTheLinkEqually()
    {
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(100));
        void Flow(string name, double at, long bytes, double latency = 0) => _clock.Spawn(name, async () =>
        {
            await Sleep(at);
            await link.Transfer(new Bytes(bytes), Duration.FromSeconds(latency));
            Log(name);
        });
        // a alone 0..1 (100 done), with b 1..3 (50/s each): a has its 200 at 3; b has 100, then alone to 3.5; c alone, plus its latency.
        Flow("a", 0, 200);
        Flow("b", 1, 150);
        Flow("c", 10, 100, latency: 0.25);
        Flow("empty", 20, 0);
        _clock.Run();
        Assert.Equal(["a@3", "b@3.5", "c@11.25", "empty@20"], _log);
        Assert.Equal(450, link.BytesMoved);
    }

    [Fact]
    public void ACancelledOrLateFlowGivesItsShareBack()
    {
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(100));
        _clock.Spawn("a", async () =>
        {
            await link.Transfer(new Bytes(300));
            Log("a");
        });
        Process victim = _clock.Spawn("b", async () => await link.Transfer(new Bytes(1000)));
        _clock.Spawn("late", async () => Log(await link.Transfer(new Bytes(1000), deadline: Instant.FromSeconds(3)) ? "?" : "late"));
        _clock.Spawn("on time", async () =>
        {
            await Sleep(10);
            Log(await link.Transfer(new Bytes(100), deadline: Instant.FromSeconds(11)) ? "on time" : "?");
        });
        _clock.Spawn("killer", async () =>
        {
            await Sleep(1.5);
            victim.Cancel();
        });
        _clock.Run();
        // a: 50 in 1.5 s (three flows), 75 in 1.5 s (two), the last 175 alone.
        Assert.Equal(["late@3", "a@4.75", "on time@11"], _log);
        Assert.Equal(0, link.Flows);
        Assert.Equal(11, _clock.Now.Seconds);
    }

    [Fact]
    public void TheLinkNeitherMakesNorLosesWork()
    {
        // Whatever joins and leaves: while busy, the link moves its bandwidth. Primes make every share a fraction.
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(999_999_937));
        RandomStream random = RandomStream.Root(4).Split("flows");
        long total = 0;
        for (int i = 0; i < 1000; i++)
        {
            long bytes = 1 + random.NextInt(10_000_000);
            total += bytes;
            Duration start = Duration.FromNanoseconds(random.NextInt(1000));
            _clock.Spawn("flow", async () =>
            {
                await _clock.Delay(start);
                await link.Transfer(new Bytes(bytes));
            });
        }
        _clock.Run();
        Assert.Equal(total, link.BytesMoved);
        // Idle for less than a microsecond at the start; the last byte goes within a nanosecond of its fluid time.
        Assert.InRange(_clock.Now.Seconds, total / 999_999_937.0, (total / 999_999_937.0) + 1.1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FlowsEndWhenTheFluidModelSays(ulong seed)
    {
        const double bandwidth = 1_234_567;
        RandomStream random = RandomStream.Root(seed).Split("flows");
        (double Start, long Bytes)[] flows = [.. Enumerable.Range(0, 200).Select(_ => (random.NextInt(20_000_000) / 1e7, 1L + random.NextInt(50_000))).OrderBy(f => f.Item1)];
        double[] ends = new double[flows.Length];
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(bandwidth));
        for (int i = 0; i < flows.Length; i++)
        {
            int flow = i;
            _clock.Spawn("flow", async () =>
            {
                await Sleep(flows[flow].Start);
                await link.Transfer(new Bytes(flows[flow].Bytes));
                ends[flow] = _clock.Now.Seconds;
            });
        }
        _clock.Run();
        double[] expected = FluidEnds(flows, bandwidth);
        // The next whole nanosecond; the reference itself rounds by some 1e-12.
        for (int i = 0; i < flows.Length; i++) Assert.InRange(ends[i] - expected[i], -1e-11, 1.01e-9);
    }

    // The definition, step by step: between changes every flow gets bandwidth / flows.
    private static double[] FluidEnds((double Start, long Bytes)[] flows, double bandwidth)
    {
        double[] left = [.. flows.Select(f => (double)f.Bytes)];
        double[] ends = new double[flows.Length];
        List<int> active = [];
        int next = 0;
        double now = 0;
        while (next < flows.Length || active.Count > 0)
        {
            double first = active.Count == 0 ? double.PositiveInfinity : now + (active.Min(i => left[i]) * active.Count / bandwidth);
            double join = next < flows.Length ? flows[next].Start : double.PositiveInfinity;
            double then = Math.Min(first, join);
            foreach (int i in active) left[i] -= (then - now) * bandwidth / active.Count;
            now = then;
            if (join <= first)
            {
                active.Add(next++);
                continue;
            }
            int done = active.MinBy(i => left[i]);
            ends[done] = now;
            active.Remove(done);
        }
        return ends;
    }

    private Wait Sleep(double seconds) => _clock.Delay(Duration.FromSeconds(seconds));

    private void Log(string what) => _log.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{what}@{_clock.Now.Seconds}"));
}
