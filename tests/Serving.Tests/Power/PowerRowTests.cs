using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Power;

namespace Orrery.Serving.Tests.Power;

/// <summary>Sensor, actuators and brake of a row, each with its delay, by hand.</summary>
public sealed class PowerRowTests
{
    [Fact]
    public void ReadingsAreMeansAndComeLate()
    {
        // 100 W, from 3 s on 300 W: readings of 2 s are 100, 200, 300.
        Bench bench = new(new Script(), [(0, 100), (3, 300)]);
        bench.RunTo(8);
        Assert.Equal([(4.0, 0.1), (6.0, 0.2), (8.0, 0.3)], bench.Script.Seen.Select(seen => (seen.ToldAt, Math.Round(seen.Share, 9))));
        Assert.Equal(0.3, bench.Row.Readings.PeakShare, 9);
        Assert.Equal((100 + 200 + 300 + 300) * 2, bench.Row.Readings.EnergyJoules, 6);
        Assert.Equal(0.1, bench.Row.Readings.RiseBetweenReadings, 9);
        Assert.Equal(0.2, bench.Row.Readings.RiseWithinDelay, 9);
    }

    [Fact]
    public void CommandsTakeTheirTimeAndRepeatsAreIgnored()
    {
        Bench bench = new(new Script { OnTold = (count, row) => row.Cap(ServerPriority.Low, 1e9) }, [(0, 100)]);
        bench.RunTo(100);
        // The first reading is told at 4 s; the cap holds from 44 s on, for the servers of its priority alone.
        Assert.Equal([(44.0, 1e9)], bench.Servers[0].Clocks);
        Assert.Empty(bench.Servers[1].Clocks);
        Assert.Equal(1, bench.Row.Readings.Commands);
        Assert.All(bench.Script.Seen, seen => Assert.Equal(seen.ToldAt is 4 or >= 44, seen.WasSettled));
    }

    [Fact]
    public void AServerThatComesLaterFindsTheCapOfItsPriority()
    {
        Bench bench = new(new Script { OnTold = (_, row) => row.Cap(ServerPriority.Low, 1e9) }, [(0, 100)]);
        bench.RunTo(50);
        Assert.Equal([(50.0, 1e9)], bench.Add(ServerPriority.Low).Clocks);
        Assert.Empty(bench.Add(ServerPriority.High).Clocks);
        bench.RunTo(100);
        Assert.Equal(1, bench.Row.Readings.Commands);
    }

    [Fact]
    public void DelaysMaySpread()
    {
        RowPowerOptions options = new() { CapSpread = 1 };
        Bench bench = new(new Script { OnTold = (_, row) => row.Cap(ServerPriority.Low, 1e9) }, [(0, 10)], options, servers: 40);
        bench.RunTo(60);
        double[] delays = [.. bench.Servers.Where(server => server.Priority == ServerPriority.Low).Select(server => server.Clocks.Single().At - 4)];
        Assert.All(delays, delay => Assert.InRange(delay, 0, 40));
        Assert.InRange(delays.Average(), 10, 30);
        Assert.True(delays.Distinct().Count() > 10);
    }

    [Fact]
    public void TheBrakeHoldsUntilPowerIsFarBelow()
    {
        // Over the budget from 10 s to 30 s.
        Bench bench = new(new Script { BrakeRelease = 0.84 }, [(0, 500), (10, 1100), (30, 900), (40, 800)]);
        bench.RunTo(60);
        // Read at 12 s, told at 14 s, in effect at 19 s; the reading of 42 s is the first below 84 %: told at 44 s, lifted at 49 s.
        Assert.Equal([(19.0, 0.288e9), (49.0, 1.41e9)], bench.Servers[0].Clocks);
        Assert.Equal([(19.0, 0.288e9), (49.0, 1.41e9)], bench.Servers[1].Clocks);
        Assert.Equal(1, bench.Row.Readings.Brakes);
        // The manager hears nothing meanwhile.
        Assert.DoesNotContain(bench.Script.Seen, seen => seen.ToldAt is > 13 and < 44);
        Assert.Equal(30, bench.Row.Readings.BrakedSeconds);
    }

    [Fact]
    public void AfterTheBrakeTheCapHoldsThatWasSent()
    {
        Script script = new() { BrakeRelease = 0.84, OnTold = (count, row) => row.Cap(ServerPriority.Low, 1.2e9) };
        Bench bench = new(script, [(0, 500), (6, 1100), (50, 500)]);
        bench.RunTo(80);
        Assert.Equal([0.288e9, 0.288e9, 1.2e9], bench.Servers[0].Clocks.Select(change => change.Hertz));
        Assert.Equal([0.288e9, 1.41e9], bench.Servers[1].Clocks.Select(change => change.Hertz));
    }

    [Fact]
    public void WithoutABrakeTheBudgetIsOnlyALine()
    {
        Bench bench = new(new Script { HasNoBrake = true }, [(0, 1500)]);
        bench.RunTo(20);
        Assert.Equal(0, bench.Row.Readings.Brakes);
        Assert.Equal(20, bench.Row.Readings.SecondsOverFirst);
    }

    /// <summary>A manager that writes down what it is told.</summary>
    private sealed class Script : IPowerManager
    {
        public List<(double ToldAt, double Share, bool WasSettled)> Seen { get; } = [];

        public Action<int, IRowControls>? OnTold { get; init; }

        public double BrakeRelease { get; init; } = 1;

        public bool HasNoBrake { get; init; }

        public Clock? Clock { get; set; }

        public void Observe(PowerSample sample, IRowControls row)
        {
            Seen.Add((Clock!.Now.Seconds, sample.Share, row.IsSettled));
            OnTold?.Invoke(Seen.Count, row);
        }
    }

    private sealed record ScriptSpec(Script Script) : PowerManagerSpec
    {
        public override (double First, double Second) Watched => (0.8, 0.9);

        public override bool HasBrake => !Script.HasNoBrake;

        public override IPowerManager Create() => Script;
    }

    /// <summary>A row of 1 kW whose servers together draw what a list says, whatever their clocks.</summary>
    private sealed class Bench
    {
        private readonly VirtualClock _clock = new();

        public Bench(Script script, (double At, long Watts)[] watts, RowPowerOptions? options = null, int servers = 2)
        {
            Script = script;
            Script.Clock = _clock;
            Servers = [.. Enumerable.Range(0, servers).Select(i => new ScriptedServer(_clock, i == 0 ? watts : [(0, 0)], i % 2 == 0 ? ServerPriority.Low : ServerPriority.High))];
            Row = new(_clock, options ?? new(), new Watts(1000), new ScriptSpec(script), RandomStream.Root(1), () => false);
            foreach (ScriptedServer server in Servers) Row.Add(server);
        }

        public Script Script { get; }

        public ScriptedServer[] Servers { get; }

        public PowerRow Row { get; }

        public ScriptedServer Add(ServerPriority priority)
        {
            ScriptedServer server = new(_clock, [(0, 0)], priority);
            Row.Add(server);
            return server;
        }

        public void RunTo(double seconds) => _clock.Run(Instant.FromSeconds(seconds));
    }

    private sealed class ScriptedServer : IPoweredServer
    {
        private readonly Clock _clock;
        private readonly TimeWeighted _milliwatts = new(Instant.Zero);
        private readonly Queue<(double At, long Watts)> _changes;

        public ScriptedServer(Clock clock, (double At, long Watts)[] watts, ServerPriority priority)
        {
            _clock = clock;
            _changes = new(watts);
            Priority = priority;
        }

        public ServerPriority Priority { get; }

        public List<(double At, double Hertz)> Clocks { get; } = [];

        public Int128 EnergyUntil(Instant now)
        {
            while (_changes.TryPeek(out (double At, long Watts) change) && change.At <= now.Seconds)
            {
                _milliwatts.Set(Instant.FromSeconds(change.At), change.Watts * 1000);
                _changes.Dequeue();
            }
            return _milliwatts.Integral(now);
        }

        public void SetClock(double hertz) => Clocks.Add((_clock.Now.Seconds, hertz));
    }
}
