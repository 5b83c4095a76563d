using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Live.Calibration;
using Orrery.Serving.Systems;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.Live.Tests.Calibration;

/// <summary>The shipped model, live, beside a prediction by a formula that knows nothing of it: everything but the speed.</summary>
public sealed class LiveTrialsTests
{
    [Fact]
    public void Every_request_of_a_trial_is_there_live_and_predicted_with_its_length()
    {
        TrialResult result = LiveTrials.Run(Engine(), Options("vllm-v1") with { Rates = [200] }, TimeProvider.System, TestContext.Current.CancellationToken);
        LiveTrial trial = Assert.Single(result.Trials);
        Assert.Equal(("vllm-v1", 200), (trial.Scheduler, trial.RatePerSecond));
        foreach (LiveRecord record in new[] { trial.Measured, trial.Predicted })
        {
            Assert.Equal(10, record.Outcomes.Count);
            Assert.All(record.Outcomes, outcome =>
            {
                Assert.Equal(outcome.Request.OutputTokens, outcome.OutputTokens);
                Assert.True(outcome.Request.Arrival < outcome.FirstToken && outcome.FirstToken <= outcome.LastToken);
            });
            Assert.All(record.Steps, step => Assert.True(step.Seconds > 0 && step.PredictedSeconds > 0));
        }
        Assert.Equal(Arrivals(trial.Measured), Arrivals(trial.Predicted));

        static IEnumerable<string> Arrivals(LiveRecord record) =>
            record.Outcomes.OrderBy(outcome => outcome.Request.Id).Select(outcome => $"{outcome.Request.Label} {outcome.Request.Arrival} {outcome.Request.PromptTokens}");
    }

    [Fact]
    public void A_model_that_is_not_there_is_told()
    {
        InputException missing = Assert.Throws<InputException>(() =>
            LiveTrials.Run(Engine(), Options("vllm-v1") with { File = "no-such.gguf" }, TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.Contains("no-such.gguf", missing.Message, StringComparison.Ordinal);
    }

    private static TrialOptions Options(string scheduler) => new()
    {
        Schedulers = [(scheduler, Schedulers.Registry.Read(Node.Plain(scheduler)))],
        Requests = 10,
        Threads = 1,
    };

    /// <summary>A twentieth of the formula's times, so that requests come quickly.</summary>
    private static CalibratedEngine Engine() => CalibratedEngine.Of(
        FormulaTimer.Model, new PrecisionPlan(Precision.Int8), new MachineFacts(1, 1e11, 2e10, 1L << 33),
        [.. StepLawTests.Samples(StepGrid.Of(new(16, 1024, 512, 1 << 20), seed: 1)).Select(sample => sample with { Seconds = sample.Seconds / 20 })]);
}
