using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Testing.Traffic;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Predictors;

public class PredictorTests
{
    private static readonly Request[] Requests = [.. Enumerable.Range(0, 4000).Aggregate(new TraceBuilder(), (b, i) =>
        b.Request(i, 10, 1000 + i, client: i % 2)).Drain()];

    [Fact]
    public void The_oracle_and_none_are_exact()
    {
        Assert.Equal(Requests[7].OutputTokens, Create("oracle").Predict(Requests[7]));
        Assert.Equal(0, Create("none").Predict(Requests[7]));
        Assert.Equal(33, Create("{use: constant, tokens: 33}").Predict(Requests[7]));
    }

    [Fact]
    public void Noise_belongs_to_the_request_not_to_the_order()
    {
        ILengthPredictor predictor = Create("{use: oracle, relativeError: 0.2}");
        int[] forward = [.. Requests.Select(predictor.Predict)];
        int[] backward = [.. Requests.Reverse().Select(predictor.Predict).Reverse()];
        Assert.Equal(forward, backward);
        double within = Requests.Zip(forward).Count(p =>
            Math.Abs(Math.Log((double)p.Second / p.First.OutputTokens)) <= Math.Log(1.2)) / (double)Requests.Length;
        Assert.InRange(within, 0.65, 0.71);
        var error = new PredictionError();
        for (int i = 0; i < forward.Length; i++) error.Add(forward[i], Requests[i]);
        Assert.InRange(error.MeanAbsoluteTokens / Requests.Average(r => r.OutputTokens), 0.12, 0.18);
    }

    [Fact]
    public void Class_means_learn_from_completions()
    {
        ILengthPredictor predictor = Create("class-mean");
        Assert.Equal(0, predictor.Predict(Requests[0]));
        predictor.Observe(Requests[0]);
        predictor.Observe(Requests[2]);
        Assert.Equal(1001, predictor.Predict(Requests[4]));
        Assert.Equal(1001, predictor.Predict(Requests[1]));
        predictor.Observe(Requests[1]);
        Assert.Equal(1001, predictor.Predict(Requests[3]));
    }

    [Theory]
    [InlineData("orakle", "did you mean 'oracle'")]
    [InlineData("{use: oracle, relativError: 0.2}", "relativeError")]
    public void Mistakes_are_designed_errors(string yaml, string part) =>
        Assert.Contains(part, Assert.Throws<InputException>(() => Create(yaml)).Message, StringComparison.Ordinal);

    private static ILengthPredictor Create(string yaml) =>
        PredictorSpec.Read(Document.Parse(yaml, "scenario.yaml")).Create(RandomStream.Root(1));
}
