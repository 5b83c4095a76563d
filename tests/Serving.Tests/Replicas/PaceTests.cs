using System.Globalization;
using System.Text;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Power;
using Orrery.Serving.Replicas;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Replicas;

/// <summary>Devices that are slowed down while replicas step: by hand, and equal to single steps in random scenarios.</summary>
public sealed class PaceTests
{
    private static readonly Duration Step = Duration.FromMilliseconds(10);

    [Theory]
    // A prompt and 100 decodes of 10 ms. In the middle of a step: that one keeps its time. At the end of a step: the next one is slow.
    [InlineData(504)]
    [InlineData(510)]
    [InlineData(515)]
    [InlineData(3)]
    public void TheNextStepIsTheFirstSlowOne(int atMilliseconds)
    {
        FleetOutcome fast = Run(atMilliseconds, fastForward: true);
        FleetOutcome single = Run(atMilliseconds, fastForward: false);
        Assert.Equal(single.Text, fast.Text);
        // 101 steps in all; those that start at or after the change take twice as long.
        int fullSteps = (atMilliseconds + 9) / 10;
        Instant end = Instant.FromNanoseconds((fullSteps + (2 * (101 - fullSteps))) * Step.Nanoseconds);
        Assert.Equal(end, fast.Sequences[0].End);
    }

    [Fact]
    public void PromptsAndDecodesHavePacesOfTheirOwn()
    {
        FleetHarness harness = Harness() with { OnStart = (_, fleet) => fleet.Replicas[0].SetPace(new(3, 1.5)) };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic([Ask(0, 0, 20, 11)]));
        // A prompt of 30 ms, ten decodes of 15 ms.
        Assert.Equal(Instant.FromNanoseconds(30_000_000), outcome.Sequences[0].FirstToken);
        Assert.Equal(Instant.FromNanoseconds(180_000_000), outcome.Sequences[0].End);
    }

    [Fact]
    public void ThePhaseIsWhatTheReplicaDidUpToNow()
    {
        foreach (bool fastForward in new[] { true, false })
        {
            List<(int, ServerPhase)> seen = [];
            FleetHarness harness = Harness() with
            {
                OnStart = (clock, fleet) => clock.Spawn("reader", async () =>
                {
                    foreach (int at in new[] { 5, 25, 40, 45, 50, 55 })
                    {
                        await clock.Until(Instant.FromNanoseconds(at * 1_000_000L), Phase.React);
                        seen.Add((at, fleet.Replicas[0].PhaseNow));
                    }
                }),
            };
            // Arrives at 20 ms: a prompt to 30 ms, two decodes to 50 ms.
            harness.Run(new ScriptedTraffic([Ask(0, 20, 20, 3)]), fastForward);
            Assert.Equal(
                [(5, ServerPhase.Idle), (25, ServerPhase.Prompts), (40, ServerPhase.Decodes), (45, ServerPhase.Decodes), (50, ServerPhase.Decodes), (55, ServerPhase.Idle)], seen);
        }
    }

    [Theory]
    [InlineData("vllm-v1")]
    [InlineData("vllm-v0")]
    [InlineData("sarathi-serve")]
    [InlineData("orca")]
    [InlineData("vtc")]
    [InlineData("andes")]
    public void RandomPacesAndTheirEnergyEqualSingleSteps(string name)
    {
        int changes = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = FastForwardTests.Scenario(name, random.Split("fleet"), out string options);
            IReadOnlyList<Request> requests = FastForwardTests.Requests(random.Split("requests"), talks: harness.Swap is not null);
            (string fast, int made) = WithPaces(harness, requests, random.Split("paces"), fastForward: true);
            (string single, _) = WithPaces(harness, requests, random.Split("paces"), fastForward: false);
            Assert.True(fast == single, $"seed {seed}, {options}:\n{FastForwardTests.FirstDifference(fast, single)}");
            changes += made;
        }
        Assert.True(changes > 500, $"{changes} changes");
    }

    private static (string Text, int Changes) WithPaces(FleetHarness harness, IReadOnlyList<Request> requests, RandomStream random, bool fastForward)
    {
        RowPowerOptions power = new();
        StringBuilder readings = new();
        List<PoweredReplica> servers = [];
        int changes = 0;
        FleetHarness watched = harness with
        {
            Steps = (clock, _) =>
            {
                servers.Add(new(clock, ServerPriority.High, power, devices: 1));
                return servers[^1];
            },
            OnStart = (clock, fleet) =>
            {
                clock.Spawn("clocks", Change, background: true);

                async ValueTask Change()
                {
                    while (!fleet.IsTrafficOver || fleet.Live > 0)
                    {
                        await clock.Delay(Duration.FromMilliseconds(1 + random.NextInt(60)), Phase.React);
                        int index = random.NextInt(servers.Count);
                        readings.Append(CultureInfo.InvariantCulture, $"{clock.Now} {index} {fleet.Replicas[index].PhaseNow} {servers[index].EnergyUntil(clock.Now)}\n");
                        servers[index].SetClock(1e9 * (0.3 + (0.3 * random.NextInt(5))));
                        changes++;
                    }
                }
            },
        };
        FleetOutcome outcome = watched.Run(new ScriptedTraffic(requests), fastForward);
        return (outcome.Text + readings, changes);
    }

    private static FleetOutcome Run(int atMilliseconds, bool fastForward)
    {
        FleetHarness harness = Harness() with
        {
            OnStart = (clock, fleet) => clock.Spawn("brake", async () =>
            {
                await clock.Until(Instant.FromNanoseconds(atMilliseconds * 1_000_000L), Phase.React);
                fleet.Replicas[0].SetPace(new(2, 2));
                Assert.Equal(new StepPace(2, 2), fleet.Replicas[0].Pace);
            }),
        };
        return harness.Run(new ScriptedTraffic([Ask(0, 0, 20, 101)]), fastForward);
    }

    private static FleetHarness Harness() => new()
    {
        Scheduler = () => new VllmV1Options().Create(new(4096, "toy", default)),
        Memory = () => new PagedMemory(1000, 16),
        Cost = ToyCost.Constant(Step),
    };

    private static Request Ask(long id, int arrivalMilliseconds, int prompt, int output) =>
        new() { Id = id, Arrival = Instant.FromNanoseconds(arrivalMilliseconds * 1_000_000L), PromptTokens = prompt, OutputTokens = output };
}
