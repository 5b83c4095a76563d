using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Power;
using Orrery.Serving.Systems.Polca;

namespace Orrery.Serving.Tests.Systems;

/// <summary>The row of POLCA's evaluation: its servers against one that is stepped token by token, and what policies do to it.</summary>
public sealed class PolcaRowTests
{
    [Theory]
    [InlineData(128, 79.7)]
    [InlineData(3072, 934.35)]
    [InlineData(8192, 3591.5)]
    [InlineData(1, 79.7)]
    public void PromptsTakeWhatWasMeasured(int tokens, double milliseconds) => Assert.Equal(milliseconds, RowSteps.Prompt(tokens) / 1e6, 6);

    [Theory]
    [InlineData(1, 49.3)]
    [InlineData(12, 55.15)]
    [InlineData(64, 96.6)]
    public void DecodesTakeWhatWasMeasured(int decodes, double milliseconds) => Assert.Equal(milliseconds, RowSteps.Decode(decodes) / 1e6, 6);

    [Fact]
    public void AServerEqualsOneThatIsSteppedTokenByToken()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            RandomStream random = RandomStream.Root(seed);
            List<(long At, RowRequest? Request, double Hertz)> events = [];
            long at = 0;
            for (int i = 0; i < 120; i++)
            {
                // A coarse grid makes arrivals and clocks fall on the same instants.
                at += random.NextInt(40) * 250_000_000L;
                bool isClock = random.NextInt(4) == 0;
                events.Add(isClock ? (at, null, 0.3e9 * (1 + random.NextInt(5))) : (at, new(at, 128 + random.NextInt(2000), 1 + random.NextInt(200)), 0));
            }
            int room = 3000 + random.NextInt(9000);
            PlainServer plain = new(room);
            (double[] latencies, Int128 energy) = plain.Run(events, new());
            LatencyTally tally = new();
            Int128 fast = Drive(events, room, tally, Instant.FromNanoseconds(plain.End));
            Assert.Equal(latencies.Length, tally.Count);
            foreach (double share in new[] { 0.1, 0.5, 0.9, 1 })
            {
                double exact = latencies.Order().ElementAt((int)Math.Ceiling(share * latencies.Length) - 1);
                Assert.Equal(Math.Floor(exact * 100), Math.Floor(tally.Quantile(share) * 100));
            }
            Assert.Equal(energy, fast);
        }
    }

    [Fact]
    public void EveryPolicySeesTheSameRequestsAndEnergyAddsUp()
    {
        RowOptions options = new() { Days = 0.5, Added = 0.3 };
        ExperimentResult uncapped = Run(options with { Policy = RowPolicy.Uncapped });
        ExperimentResult polca = Run(options);
        Assert.Equal(52, polca.Values["servers"]);
        Assert.Equal(uncapped.Values, Run(options with { Policy = RowPolicy.Uncapped }).Values);
        // Half a day ends while requests run, fewer than a thousand of them.
        Assert.InRange(Math.Abs(uncapped.Values["requests"] - polca.Values["requests"]), 0, 1000);
        double watts = uncapped.Values["energyJoules"] / (0.5 * 86400);
        Assert.Equal(uncapped.Values["meanShare"], watts / (40 * 6500), 9);
        Assert.Equal(0, uncapped.Values["brakes"]);
        Assert.True(polca.Values["energyJoules"] < uncapped.Values["energyJoules"]);
        Assert.Equal([.. options.Figures.Select(figure => figure.Name).Order()], polca.Values.Keys.Order());
    }

    [Fact]
    public void InstantActuatorsKeepPowerLowerAndCostLessLatency()
    {
        RowOptions options = new() { Days = 0.7, Added = 0.3 };
        RowPowerOptions instant = new() { CapDelay = Duration.Zero, TelemetryDelay = Duration.Zero };
        ExperimentResult late = Run(options);
        ExperimentResult now = Run(options with { Power = instant });
        Assert.True(now.Values["peakShare"] < late.Values["peakShare"]);
        Assert.True(now.Values["p50LowSeconds"] < late.Values["p50LowSeconds"]);
        // And the row carries more: with half as many servers again, less time under the brake.
        ExperimentResult crowded = Run(options with { Added = 0.5 });
        ExperimentResult crowdedNow = Run(options with { Added = 0.5, Power = instant });
        Assert.True(crowdedNow.Values["brakedSeconds"] < crowded.Values["brakedSeconds"]);
    }

    [Fact]
    public void WithInstantActuatorsTheRowCarriesAboutWhatItsCapsLeaveRoomFor()
    {
        RowOptions options = new() { Days = 0.6 };
        RowPowerOptions instant = new() { CapDelay = Duration.Zero, TelemetryDelay = Duration.Zero, BrakeDelay = Duration.Zero };
        // All caps all day: what one server more costs at the peak bounds how many there are.
        RowOptions capped = options with { Added = 0.4, Thresholds = new() { FirstThreshold = 0.01, SecondThreshold = 0.01, Hysteresis = 0 }, Power = instant };
        double bound = (1.4 / Run(capped).Values["peakShare"]) - 1;
        double[] steps = [0.35, 0.4, 0.45, 0.5];
        double[] now = [.. steps.Select(added => Run(options with { Added = added, Power = instant }).Values["brakes"])];
        double[] late = [.. steps.Select(added => Run(options with { Added = added }).Values["brakes"])];
        Assert.True(now.Sum() < late.Sum(), $"brakes {string.Join(' ', now)} at once, {string.Join(' ', late)} late");
        double most = steps.Where((_, i) => now[i] == 0).Max();
        Assert.True(most >= steps.Where((_, i) => late[i] == 0).Max());
        // A reading is taken over two seconds, and peaks within the first of them are seen before any cap.
        Assert.InRange(most, bound - 0.1, bound + 0.05);
    }

    [Fact]
    public void ATrainingRowSwingsTogether()
    {
        RowOptions options = new() { Days = 0.05, Work = RowWork.Training, Policy = RowPolicy.BrakeOnly };
        ExperimentResult fits = Run(options);
        Assert.Equal(0.97, fits.Values["peakShare"], 9);
        Assert.Equal(0.375, fits.Values["riseBetweenReadings"], 9);
        Assert.Equal(0, fits.Values["brakes"]);
        Assert.True(Run(options with { Added = 0.05 }).Values["brakes"] > 0);
        Assert.DoesNotContain("p50HighSeconds", fits.Values.Keys);
    }

    [Fact]
    public void WhatCannotRunIsRefusedByItsKey()
    {
        Refused(new() { Servers = 1 }, "servers: inference");
        Refused(new() { Power = new() { Interval = Duration.FromHours(30) }, Days = 1 }, "interval: the run ends");
        Refused(new() { Thresholds = new() { Hysteresis = 0.8 } }, "hysteresis: power never falls");
        Refused(new() { Thresholds = new() { LowHertz = 2e9 } }, "lowClock: a cap slows down");
        Refused(new() { Thresholds = new() { HighHertz = 2e9 } }, "highClock: a cap slows down");
        Refused(new() { Thresholds = new() { LowestHertz = 1.3e9 } }, "lowestClock: the second cap");
        ClockLaws laws = new();
        Assert.Null(new OneThresholdOptions().Fault(laws));
        Assert.StartsWith("hysteresis:", new OneThresholdOptions { Hysteresis = 0.9 }.Fault(laws), StringComparison.Ordinal);
        Assert.StartsWith("clock:", new OneThresholdOptions { Hertz = 2e9 }.Fault(laws), StringComparison.Ordinal);
        // One server more makes two, and training has one kind of server.
        Assert.Equal(2, Run(new() { Servers = 1, Added = 1, Days = 0.01 }).Values["servers"]);
        Assert.Equal(1, Run(new() { Servers = 1, Work = RowWork.Training, Days = 0.01 }).Values["servers"]);
        static void Refused(RowOptions options, string part) =>
            Assert.StartsWith(part, Assert.Throws<InputException>(() => Run(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatHasNotFinishedIsCountedAndTold()
    {
        ExperimentResult calm = Run(new() { Days = 0.3 });
        Assert.Equal(calm.Values["arrived"], calm.Values["requests"] + calm.Values["unfinished"]);
        Assert.InRange(calm.Values["unfinished"], 0, 0.05 * calm.Values["arrived"]);
        Assert.Empty(calm.Notes);
        ExperimentResult late = Run(new() { Days = 0.05, PeakRatePerServer = 2, Servers = 4 });
        Assert.True(late.Values["unfinished"] > 0.5 * late.Values["arrived"]);
        Assert.Contains(late.Notes, note => note.Contains("had not finished", StringComparison.Ordinal));
        ExperimentResult slow = Run(new() { Days = 0.2, PeakRatePerServer = 0.6, Servers = 2 });
        Assert.Contains(slow.Notes, note => note.Contains("an hour or longer", StringComparison.Ordinal));
    }

    private static ExperimentResult Run(RowOptions options) => options.Run(RandomStream.Root(1), CancellationToken.None);

    private static Int128 Drive(List<(long At, RowRequest? Request, double Hertz)> events, int room, LatencyTally tally, Instant end)
    {
        VirtualClock clock = new();
        RowPowerOptions options = new();
        PhaseServer server = new(clock, ServerPriority.High, new(options), options.Laws, tally, room);
        clock.Spawn("events", async () =>
        {
            foreach ((long at, RowRequest? request, double hertz) in events)
            {
                await clock.Until(Instant.FromNanoseconds(at));
                if (request is { } known) server.Submit(known);
                else server.SetClock(hertz);
            }
        });
        clock.Run();
        return server.EnergyUntil(end);
    }

    /// <summary>The same server in the plainest way: one step after the other, each decided when the last has ended and all of its instant has come.</summary>
    private sealed class PlainServer(int kvTokens)
    {
        private readonly Queue<RowRequest> _waiting = new();
        private readonly List<(RowRequest Request, int Left)> _decoding = [];

        public long End { get; private set; }

        public (double[] Latencies, Int128 Energy) Run(List<(long At, RowRequest? Request, double Hertz)> events, RowPowerOptions options)
        {
            ServerPowerModel power = new(options);
            List<double> latencies = [];
            Int128 energy = 0;
            long now = 0;
            int next = 0;
            double hertz = options.Laws.FullHertz;
            while (next < events.Count || _waiting.Count > 0 || _decoding.Count > 0)
            {
                for (; next < events.Count && events[next].At <= now; next++)
                {
                    if (events[next].Request is { } request) _waiting.Enqueue(request);
                    else hertz = events[next].Hertz;
                }
                long reserved = _decoding.Sum(member => (long)member.Request.PromptTokens + member.Request.AnswerTokens);
                bool starts = _waiting.TryPeek(out RowRequest first) && _decoding.Count < RowSteps.MostDecodes
                    && (_decoding.Count == 0 || reserved + first.PromptTokens + first.AnswerTokens <= kvTokens);
                if (starts)
                {
                    _waiting.Dequeue();
                    long time = Pace(options, hertz).Nanoseconds(RowSteps.Prompt(first.PromptTokens), false);
                    energy += (Int128)time * power.Milliwatts(ServerPhase.Prompts, first.PromptTokens, hertz);
                    now += time;
                    if (first.AnswerTokens == 1) latencies.Add((now - first.Arrival) / 1e9);
                    else _decoding.Add((first, first.AnswerTokens - 1));
                }
                else if (_decoding.Count > 0)
                {
                    long time = Pace(options, hertz).Nanoseconds(RowSteps.Decode(_decoding.Count), true);
                    energy += (Int128)time * power.Milliwatts(ServerPhase.Decodes, _decoding.Count, hertz);
                    now += time;
                    for (int i = _decoding.Count - 1; i >= 0; i--)
                    {
                        _decoding[i] = (_decoding[i].Request, _decoding[i].Left - 1);
                        if (_decoding[i].Left > 0) continue;
                        latencies.Add((now - _decoding[i].Request.Arrival) / 1e9);
                        _decoding.RemoveAt(i);
                    }
                }
                else if (next < events.Count)
                {
                    energy += (Int128)(events[next].At - now) * power.Milliwatts(ServerPhase.Idle, 0, hertz);
                    now = events[next].At;
                }
            }
            End = now;
            return ([.. latencies], energy);
        }

        private static Execution.StepPace Pace(RowPowerOptions options, double hertz) => options.Laws.PaceAt(hertz);
    }
}
