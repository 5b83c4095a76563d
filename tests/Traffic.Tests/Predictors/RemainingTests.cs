using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Predictors;

public class RemainingTests
{
    private static readonly Request[] Requests = MakeRequests();

    [Theory]
    [InlineData(46.1)]
    [InlineData(20)]
    public void The_first_prediction_has_the_error_it_is_tuned_to(double target)
    {
        ILengthPredictor predictor = new PredictorSpec { Use = "noisy", MeanError = target }.Create(RandomStream.Root(3));
        double error = Requests.Average(r => Math.Abs(predictor.Predict(r) - (double)r.OutputTokens));
        Assert.Equal(target, error, 0.03 * target);
        Assert.All(Requests, r => Assert.InRange(predictor.Predict(r), 1, 512));
    }

    [Theory]
    [InlineData(33.9)]
    [InlineData(10)]
    public void Looks_have_the_error_they_are_tuned_to(double target)
    {
        double error = ErrorOf(new RemainingSpec { Use = "noisy", MeanError = target });
        Assert.Equal(target, error, 0.03 * target);
    }

    [Fact]
    public void Errors_shrink_toward_the_end_and_are_alike_from_token_to_token()
    {
        IRemainingPredictor predictor = new RemainingSpec { Use = "noisy", Longest = 100_000 }.Create(RandomStream.Root(3));
        double early = 0, late = 0, same = 0, next = 0;
        foreach (Request request in Requests.Where(r => r.OutputTokens >= 400))
        {
            IRemainingEstimate track = predictor.Track(request)!;
            double before = 0;
            for (int t = 1; t < request.OutputTokens; t++)
            {
                double left = request.OutputTokens - t;
                double error = track.Look(t) - left;
                if (t <= 40) early += Math.Abs(error);
                if (left <= 40) late += Math.Abs(error);
                // Divided by what shrinks it, the error is a process of constant variance; clipped ends are left out.
                double scaled = error / left;
                if (t is > 1 and < 100)
                {
                    same += before * before;
                    next += before * scaled;
                }
                before = scaled;
            }
        }
        Assert.True(late < 0.15 * early, $"{late} {early}");
        Assert.InRange(next / same, 0.94, 0.96);
    }

    [Fact]
    public void A_look_depends_on_the_request_and_the_token_alone()
    {
        IRemainingPredictor predictor = new RemainingSpec { Use = "noisy" }.Create(RandomStream.Root(3));
        IRemainingPredictor again = new RemainingSpec { Use = "noisy" }.Create(RandomStream.Root(3));
        Request request = Requests.First(r => r.OutputTokens > 100);
        IRemainingEstimate every = predictor.Track(request)!;
        again.Track(Requests[7])!.Look(5);
        IRemainingEstimate tenth = again.Track(request)!;
        for (int t = 1; t < 100; t++)
        {
            double look = every.Look(t);
            if (t % 10 == 1) Assert.Equal(look, tenth.Look(t));
        }
    }

    [Fact]
    public void Bins_tell_their_middles()
    {
        LengthBins bins = new(10, 512);
        Assert.Equal(51.2, bins.Width);
        Assert.Equal([25.6, 25.6, 76.8, 486.4, 486.4], new[] { 0, 51.1, 51.3, 512, 9000 }.Select(t => Math.Round(bins.Midpoint(t), 9)));
        ILengthPredictor predictor = new PredictorSpec { Use = "noisy", Bins = 10 }.Create(RandomStream.Root(3));
        Assert.All(Requests.Take(200), r => Assert.Contains(predictor.Predict(r), new[] { 26, 77, 128, 179, 230, 282, 333, 384, 435, 486 }));
    }

    [Fact]
    public void Smoothing_is_the_published_update()
    {
        // Three bins of 10 tokens, uniform belief; a look (0.2, 0.5, 0.3) leaves itself.
        BinPosterior posterior = new(new(3, 30), 1);
        Assert.Equal((0.2 * 5) + (0.5 * 15) + (0.3 * 25), posterior.Update([0.2, 0.5, 0.3], 0), 1e-12);
        // One token: (0.2 + 0.05, 0.45 + 0.03, 0.27); times (0.1, 0.6, 0.3) = (0.025, 0.288, 0.081), sum 0.394.
        Assert.Equal(((0.025 * 5) + (0.288 * 15) + (0.081 * 25)) / 0.394, posterior.Update([0.1, 0.6, 0.3], 1), 1e-12);
        Assert.Equal(1, posterior.Belief.ToArray().Sum(), 1e-12);
    }

    [Fact]
    public void Smoothing_helps_against_errors_that_change_from_token_to_token()
    {
        RemainingSpec raw = new() { Use = "noisy", Bins = 10, Correlation = 0 };
        double plain = ErrorOf(raw);
        double smooth = ErrorOf(raw with { Smoothing = true });
        Assert.True(smooth < 0.8 * plain, $"{smooth} against {plain}");
    }

    [Fact]
    public void Mistakes_are_designed_errors()
    {
        Assert.Contains("no noise has a mean error", Assert.Throws<InputException>(() =>
            new RemainingSpec { Use = "noisy", MeanError = 5000 }.Create(RandomStream.Root(1))).Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'noisy'", Assert.Throws<InputException>(() =>
            RemainingSpec.Read(Document.Parse("noisi", "scenario.yaml"))).Message, StringComparison.Ordinal);
        Assert.Null(new RemainingSpec().Create(RandomStream.Root(1)).Track(Requests[0]));
    }

    private static double ErrorOf(RemainingSpec spec)
    {
        IRemainingPredictor predictor = spec.Create(RandomStream.Root(3));
        double sum = 0;
        long looks = 0;
        foreach (Request request in Requests)
        {
            IRemainingEstimate track = predictor.Track(request)!;
            for (int t = 1; t < request.OutputTokens; t++)
            {
                sum += Math.Abs(track.Look(t) - (request.OutputTokens - t));
                looks++;
            }
        }
        return sum / looks;
    }

    private static Request[] MakeRequests()
    {
        RandomStream random = RandomStream.Root(9);
        Clamped lengths = new(LogNormal.FromMedianSigma(PredictorSpec.DefaultReferenceMedian, PredictorSpec.DefaultReferenceSigma), 1, 512);
        return [.. Enumerable.Range(0, 4000).Select(i => new Request
        {
            Id = i, Arrival = Instant.Zero, PromptTokens = 10, OutputTokens = Math.Max(1, (int)Math.Round(lengths.Sample(random))),
        })];
    }
}
