using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Power;
using Orrery.Serving.Systems.Polca;

namespace Orrery.Serving.Tests.Systems;

/// <summary>The controller's state machine: the card's tests and every edge of it.</summary>
public sealed class PolcaTests
{
    private const double Low = 1.275e9;
    private const double Lowest = 1.110e9;
    private const double High = 1.305e9;

    [Fact]
    public void AStepOfNinePerCentIsCaughtBeforeTheBudget()
    {
        // From 85 % by the largest rises of inference (c), 9 % within 2 s and 11.8 % within 40 s; then on to 105 %, were nobody slowed down.
        (double, double)[] load = [(0, 0.85), (10, 0.94), (40, 0.968), (62, 1.05)];
        RowReadings caught = OnARow(new PolcaOptions(), load);
        Assert.Equal((0, 3), (caught.Brakes, caught.Commands));
        Assert.InRange(caught.PeakShare, 0.96, 0.9999);
        // It is the cap in time that does it: no cap, a late one, or one whose command comes too late sets the brake.
        Assert.NotEqual(0, OnARow(new BrakeOnlyOptions(), load).Brakes);
        Assert.NotEqual(0, OnARow(new PolcaOptions { FirstThreshold = 0.97, SecondThreshold = 0.98 }, load).Brakes);
        Assert.NotEqual(0, OnARow(new PolcaOptions { FirstThreshold = 0.88 }, load, new() { CapDelay = Duration.FromSeconds(60) }).Brakes);
    }

    [Fact]
    public void AnOscillationWithinTheHysteresisSendsOneCommand()
    {
        Bench bench = new();
        for (int i = 0; i < 100; i++) bench.Tell(0.80 + (0.049 * Math.Sin(i)));
        Assert.True(bench.Commands.Count <= 1);
        Assert.Equal(PolcaLevel.Low, bench.Controller.Level);
    }

    [Fact]
    public void HighIsSlowedLastAndReleasedFirst()
    {
        Bench bench = new();
        bench.Tell(0.82, 0.90);
        bench.IsSettled = false;
        bench.Tell(0.91, 0.91);
        Assert.Equal(["low 1.275", "low 1.11"], bench.Commands);
        bench.IsSettled = true;
        bench.Tell(0.90);
        Assert.Equal("high 1.305", bench.Commands[^1]);
        Assert.Equal(PolcaLevel.High, bench.Controller.Level);
        // Not yet 5 % below the second threshold, then below it, then below the first.
        bench.Tell(0.85);
        Assert.Equal(3, bench.Commands.Count);
        bench.Tell(0.83);
        Assert.Equal(["low 1.275", "high free"], bench.Commands[3..]);
        bench.Tell(0.76);
        Assert.Equal(5, bench.Commands.Count);
        bench.Tell(0.74);
        Assert.Equal("low free", bench.Commands[^1]);
        Assert.Equal(PolcaLevel.None, bench.Controller.Level);
    }

    [Theory]
    [InlineData(0.7499, "None None None None")]
    // Between 75 and 84 % the levels of the second threshold fall back to that of the first.
    [InlineData(0.75, "None Low Low Low")]
    [InlineData(0.80, "Low Low Low Low")]
    [InlineData(0.84, "Low Low Lowest High")]
    [InlineData(0.89, "Lowest Lowest High High")]
    public void EachReadingLeadsWhereTheTableSays(double share, string levels)
    {
        string[] expected = levels.Split(' ');
        for (PolcaLevel from = PolcaLevel.None; from <= PolcaLevel.High; from++)
        {
            Bench bench = new();
            if (from == PolcaLevel.Low) bench.Tell(0.81);
            if (from >= PolcaLevel.Lowest) bench.Tell(0.9);
            if (from == PolcaLevel.High) bench.Tell(0.9);
            Assert.Equal(from, bench.Controller.Level);
            bench.Tell(share);
            Assert.Equal(expected[(int)from], bench.Controller.Level.ToString());
        }
    }

    [Theory]
    [InlineData(CappedServers.Low, "low 1.11|low free")]
    [InlineData(CappedServers.All, "low 1.11|high 1.11|low free|high free")]
    public void OneThresholdHasOneClock(CappedServers who, string expected)
    {
        Bench bench = new(new OneThreshold(new() { Who = who }));
        bench.Tell(0.88, 0.89, 0.95, 0.85, 0.84, 0.83, 0.83);
        Assert.Equal(expected, string.Join('|', bench.Commands));
    }

    [Fact]
    public void WithoutCapsNothingIsSent()
    {
        Bench bench = new(new BrakeOnlyOptions().Create());
        bench.Tell(0.5, 0.99, 0.5);
        Assert.Empty(bench.Commands);
        Assert.False(new UncappedOptions().HasBrake);
    }

    [Fact]
    public void TheClocksAreThePublishedOnes()
    {
        PolcaOptions options = new();
        Assert.Equal((Low, Lowest, High), (options.LowHertz, options.LowestHertz, options.HighHertz));
        Assert.Equal((0.80, 0.89, 0.05), (options.FirstThreshold, options.SecondThreshold, options.Hysteresis));
    }

    /// <summary>A row of two servers, one of each priority, under real delays.</summary>
    private static RowReadings OnARow(PowerManagerSpec manager, (double At, double Share)[] load, RowPowerOptions? options = null)
    {
        VirtualClock clock = new();
        options ??= new();
        PowerRow row = new(clock, options, new Watts(2000), manager, RandomStream.Root(1), () => false);
        foreach (ServerPriority priority in Enum.GetValues<ServerPriority>()) row.Add(new LoadedServer(clock, options.Laws, priority, load));
        clock.Run(Instant.FromSeconds(120));
        return row.Readings;
    }

    /// <summary>A server of a kilowatt that draws a share of it by the time and less at a lower clock.</summary>
    private sealed class LoadedServer(Clock clock, ClockLaws laws, ServerPriority priority, (double At, double Share)[] load) : IPoweredServer
    {
        private readonly Queue<(double At, double Share)> _changes = new(load);
        private readonly TimeWeighted _milliwatts = new(Instant.Zero);
        private double _share;
        private double _hertz = laws.FullHertz;

        public ServerPriority Priority => priority;

        public Int128 EnergyUntil(Instant now)
        {
            while (_changes.TryPeek(out (double At, double Share) change) && change.At <= now.Seconds)
            {
                _share = _changes.Dequeue().Share;
                Draw(Instant.FromSeconds(change.At));
            }
            return _milliwatts.Integral(now);
        }

        public void SetClock(double hertz)
        {
            EnergyUntil(clock.Now);
            _hertz = hertz;
            Draw(clock.Now);
        }

        private void Draw(Instant at) => _milliwatts.Set(at, (long)(1e6 * _share * laws.PowerShare(_hertz)));
    }

    private sealed class Bench : IRowControls
    {
        private readonly IPowerManager _manager;
        private readonly double?[] _targets = new double?[2];
        private int _told;

        public Bench(IPowerManager? manager = null) => _manager = manager ?? new Polca(new());

        public Polca Controller => (Polca)_manager;

        public List<string> Commands { get; } = [];

        public bool IsSettled { get; set; } = true;

        public void Tell(params double[] shares)
        {
            foreach (double share in shares) _manager.Observe(new(Instant.FromSeconds(2 * ++_told), share), this);
        }

        public void Cap(ServerPriority priority, double? hertz)
        {
            if (_targets[(int)priority] == hertz) return;
            _targets[(int)priority] = hertz;
            string clock = hertz is { } value ? (value / 1e9).ToString(System.Globalization.CultureInfo.InvariantCulture) : "free";
            Commands.Add($"{(priority == ServerPriority.Low ? "low" : "high")} {clock}");
        }
    }
}
