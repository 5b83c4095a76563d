using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Live.Calibration;
using Orrery.Live.Designs;
using Orrery.Serving.Systems;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Calibration;

/// <summary>A live design in virtual time, on costs that can be added up by hand.</summary>
public sealed class LivePredictionTests
{
    /// <summary>1 ms a step, 10 µs a token.</summary>
    private static ToyCost Cost => new(Duration.FromMilliseconds(1), Duration.FromMicroseconds(10), Duration.Zero, Duration.FromNanoseconds(1));

    [Fact]
    public void One_request_takes_the_sum_of_its_steps()
    {
        LiveOutcome outcome = Assert.Single(LivePrediction.Run(Design("vllm-v1"), [One(0, 5, prompt: 40, output: 3)], Cost).Outcomes);
        Assert.Equal(5 + 1.4e-3, outcome.FirstToken.Seconds, 1e-9);
        Assert.Equal(5 + 1.4e-3 + (2 * 1.01e-3), outcome.LastToken.Seconds, 1e-9);
        Assert.Equal((3, 0), (outcome.OutputTokens, outcome.Preemptions));
    }

    [Theory]
    [InlineData("vllm-v1")]
    [InlineData("sarathi-serve")]
    [InlineData("vtc")]
    public void Every_step_takes_what_was_predicted_of_it_and_a_second_run_repeats_the_first(string scheduler)
    {
        IReadOnlyList<Request> traffic = TrialTraffic.Of(40, ratePerSecond: 30, contextTokens: 512, seed: 3);
        LiveRecord first = LivePrediction.Run(Design(scheduler), traffic, Cost);
        LiveRecord second = LivePrediction.Run(Design(scheduler), [.. first.Outcomes.Select(outcome => outcome.Request)], Cost);
        Assert.Equal(40, first.Outcomes.Count);
        Assert.All(first.Steps, step => Assert.Equal(step.PredictedSeconds, step.Seconds, 1e-9));
        Assert.Contains(first.Steps, step => step.Kind == StepKind.Decode);
        Assert.Equal(first.Steps, second.Steps);
        Assert.Equal(first.Outcomes.Select(Text), second.Outcomes.Select(Text));
        Assert.All(first.Outcomes, outcome => Assert.Equal(outcome.Request.OutputTokens, outcome.OutputTokens));

        static string Text(LiveOutcome outcome) => $"{outcome.Request.Id} {outcome.FirstToken} {outcome.LastToken} {outcome.Preemptions}";
    }

    [Fact]
    public void Too_little_memory_shows_as_preemptions()
    {
        LiveDesign design = Design("vllm-v1") with { Blocks = 24, PrefixCache = false, MaxModelTokens = 320 };
        LiveRecord record = LivePrediction.Run(design, TrialTraffic.Of(40, 1000, 320, seed: 3), Cost);
        Assert.Equal(40, record.Outcomes.Count);
        Assert.True(record.Preemptions > 0);
    }

    [Fact]
    public void Capacity_is_the_rate_at_which_everything_that_is_there_is_served()
    {
        // One at a time: 3 steps each, the first of 40 tokens.
        LiveDesign design = Design("vllm-v1") with { Blocks = 4, PrefixCache = false, MaxModelTokens = 48 };
        double capacity = LivePrediction.Capacity(design, [One(0, 9, 40, 3), One(1, 9, 40, 3)], Cost);
        Assert.Equal(1 / (1.4e-3 + (2 * 1.01e-3)), capacity, 1e-6 * capacity);
    }

    [Fact]
    public void Traffic_keeps_its_lengths_at_every_rate_and_within_the_context()
    {
        IReadOnlyList<Request> slow = TrialTraffic.Of(200, 1, 128, seed: 5);
        IReadOnlyList<Request> fast = TrialTraffic.Of(200, 10, 128, seed: 5);
        Assert.Equal(slow.Select(Lengths), fast.Select(Lengths));
        Assert.All(slow, request => Assert.InRange(request.PromptTokens + request.OutputTokens, 2, 128));
        Assert.All(slow.Zip(fast), pair => Assert.Equal(pair.First.Arrival.Seconds, 10 * pair.Second.Arrival.Seconds, 1e-6));
        Assert.InRange(200 / slow[^1].Arrival.Seconds, 0.8, 1.25);
        Assert.Equal(slow.OrderBy(request => request.Arrival), slow);

        static (int, int, int) Lengths(Request request) => (request.PromptTokens, request.OutputTokens, request.Client);
    }

    internal static LiveDesign Design(string scheduler) => new()
    {
        Model = "toy",
        Scheduler = Schedulers.Registry.Read(Node.Plain(scheduler)),
        Blocks = 512,
        PrefixCache = false,
        MaxModelTokens = 512,
        StepTokens = 512,
        DeviceMemory = new Bytes(1L << 33),
    };

    private static Request One(long id, double arrivalSeconds, int prompt, int output) => new()
    {
        Id = id,
        Arrival = Instant.Zero + Duration.FromSeconds(arrivalSeconds),
        PromptTokens = prompt,
        OutputTokens = output,
        MaxTokens = output,
    };
}
