using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Systems.DistServe;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Planning.Published;

/// <summary>
/// DistServe's queueing formulas for prompts one at a time (c), with D the time of a prompt and R the rate: M/D/1 on one device, two
/// pipeline stages, and two devices that make a prompt K times faster. They say where each parallelism wins.
/// </summary>
public sealed class QueueingTests
{
    private const double PromptSeconds = 0.1;
    private const int Requests = 60_000;

    // Waits in a queue are correlated: at these loads the mean of 60,000 has a standard error of about one percent.
    private const double Tolerance = 0.04;

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void OneDeviceIsAnMd1Queue(double rate) =>
        Agrees(PromptSeconds + (rate * PromptSeconds * PromptSeconds / (2 * (1 - (rate * PromptSeconds)))), Simulate(rate, PromptSeconds, 1));

    [Theory]
    [InlineData(6)]
    [InlineData(12)]
    public void TwoStagesQueueAtTheFirst(double rate) =>
        Agrees(PromptSeconds + (rate * PromptSeconds * PromptSeconds / (4 * (2 - (rate * PromptSeconds)))), Simulate(rate, PromptSeconds, 2));

    [Theory]
    [InlineData(6, 1.6)]
    [InlineData(10, 1.6)]
    public void TensorParallelismIsAFasterDevice(double rate, double speedUp) =>
        Agrees((PromptSeconds / speedUp) + (rate * PromptSeconds * PromptSeconds / (2 * speedUp * (speedUp - (rate * PromptSeconds)))), Simulate(rate, PromptSeconds / speedUp, 1));

    [Fact]
    public void TensorWinsAtLowRatesAndStagesAtHighOnes()
    {
        const double speedUp = 1.6;
        Assert.True(Simulate(2, PromptSeconds / speedUp, 1) < Simulate(2, PromptSeconds, 2));
        Assert.True(Simulate(14.5, PromptSeconds / speedUp, 1) > Simulate(14.5, PromptSeconds, 2));
    }

    private static void Agrees(double expectedSeconds, double seconds) => Assert.InRange(seconds, expectedSeconds * (1 - Tolerance), expectedSeconds * (1 + Tolerance));

    private static double Simulate(double rate, double promptSeconds, int stages)
    {
        RandomStream random = RandomStream.Root(11).Split("gaps");
        double seconds = 0;
        Request[] requests = new Request[Requests];
        for (int i = 0; i < Requests; i++)
        {
            seconds -= Math.Log(random.NextPositive()) / rate;
            requests[i] = new() { Id = i, Arrival = Instant.FromSeconds(seconds), PromptTokens = 16, OutputTokens = 1 };
        }
        double sum = 0;
        new FleetHarness
        {
            Scheduler = () => new DistServeOptions { MaxPrompts = 1 }.Create(new(4096, "toy", default, stages)),
            Cost = new ToyCost(Duration.FromSeconds(promptSeconds), default, default, Duration.FromNanoseconds(1), stages),
            OnLeft = sequence => sum += (sequence.FirstToken - sequence.Arrival).Seconds,
        }.Run(new ScriptedTraffic(requests));
        return sum / Requests;
    }
}
