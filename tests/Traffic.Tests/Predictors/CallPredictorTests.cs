using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Predictors;

public class CallPredictorTests
{
    [Fact]
    public void The_oracle_tells_every_call_and_then_the_end()
    {
        ICallForecasts forecasts = new CallPredictorSpec { Use = "oracle" }.Create(RandomStream.Root(1)).Track(Ask(0))!;
        Assert.Equal(new CallForecast(40, Duration.FromSeconds(2), 7), forecasts.Next(0));
        Assert.Equal(new CallForecast(100, Duration.FromSeconds(4), 9), forecasts.Next(1));
        Assert.Equal(new CallForecast(150, Duration.Zero, 0), forecasts.Next(2));
        Assert.Equal(forecasts.Next(2), forecasts.Next(3));
    }

    [Fact]
    public void Nothing_is_told_unless_asked_for() => Assert.Null(new CallPredictorSpec().Create(RandomStream.Root(1)).Track(Ask(0)));

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.3)]
    public void Noise_is_normal_with_the_deviation_it_is_given(double error)
    {
        ICallPredictor predictor = new CallPredictorSpec { Use = "noisy", RelativeError = error, Bins = 0 }.Create(RandomStream.Root(1));
        double[] times = [.. Enumerable.Range(0, 20_000).Select(id => predictor.Track(Ask(id))!.Next(0).Duration.Seconds / 2)];
        double[] tokens = [.. Enumerable.Range(0, 20_000).Select(id => (predictor.Track(Ask(id))!.Next(1).AfterTokens - 40) / 60.0)];
        Assert.Equal(1, times.Average(), 0.02);
        Assert.Equal(1, tokens.Average(), 0.02);
        Assert.Equal(error, Math.Sqrt(times.Average(t => (t - 1) * (t - 1))), 0.03 * error);
        Assert.Equal(error, Math.Sqrt(tokens.Average(t => (t - 1) * (t - 1))), 0.05 * error);
    }

    [Fact]
    public void Noise_belongs_to_the_request_not_to_the_order_of_questions()
    {
        CallPredictorSpec spec = new() { Use = "noisy", RelativeError = 0.4 };
        ICallPredictor one = spec.Create(RandomStream.Root(1));
        ICallPredictor other = spec.Create(RandomStream.Root(1));
        for (int id = 0; id < 50; id++) other.Track(Ask(49 - id))!.Next(1);
        for (int id = 0; id < 50; id++)
            for (int call = 2; call >= 0; call--) Assert.Equal(one.Track(Ask(id))!.Next(call), other.Track(Ask(id))!.Next(call));
        Assert.NotEqual(one.Track(Ask(1))!.Next(0), one.Track(Ask(2))!.Next(0));
    }

    [Fact]
    public void Lengths_are_told_as_middles_of_bins()
    {
        ICallForecasts forecasts = new CallPredictorSpec { Use = "noisy" }.Create(RandomStream.Root(1)).Track(Ask(0))!;
        // Segments of 40, 60 and 50 tokens fall into [40, 50), [60, 70) and [50, 60).
        Assert.Equal([45, 105, 155], Enumerable.Range(0, 3).Select(call => forecasts.Next(call).AfterTokens));
    }

    [Fact]
    public void Class_means_are_learned_per_client()
    {
        ICallPredictor predictor = new CallPredictorSpec { Use = "class-mean" }.Create(RandomStream.Root(1));
        Assert.Null(predictor.Track(Ask(0)));
        predictor.Observe(Ask(0));
        Assert.Equal(Duration.FromSeconds(3), predictor.Track(Ask(1))!.Next(1).Duration);
        Assert.Equal(8, predictor.Track(Ask(1))!.Next(0).ReturnTokens);
        // A client without any takes the mean of all.
        Assert.Equal(Duration.FromSeconds(3), predictor.Track(Ask(2, client: 5))!.Next(0).Duration);
    }

    [Fact]
    public void Mistakes_are_named()
    {
        InputException wrong = Assert.Throws<InputException>(() => CallPredictorSpec.Read(Document.Parse("{use: noisi}", "p.yaml")));
        Assert.Contains("did you mean 'noisy'", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => CallPredictorSpec.Read(Document.Parse("{use: noisy, relativError: 1}", "p.yaml")));
    }

    private static Request Ask(long id, int client = 0) => new()
    {
        Id = id,
        Arrival = Instant.Zero,
        Client = client,
        PromptTokens = 10,
        OutputTokens = 150,
        Calls = [new(40, Duration.FromSeconds(2), 7), new(100, Duration.FromSeconds(4), 9)],
    };
}
