using Orrery.Live.Calibration;

namespace Orrery.Live.Tests.Calibration;

/// <summary>Rounds, medians and spreads, with a formula instead of an engine and a clock that stands still.</summary>
public sealed class StepMeasurementTests
{
    private static readonly StepPoint[] Points = [StepPoint.Decodes(1, 64), StepPoint.Decodes(8, 64), StepPoint.Prompt(512, 0, finishes: false)];

    [Fact]
    public void The_median_withstands_disturbed_runs()
    {
        var timer = new FormulaTimer(FormulaTimer.Law, run => run % 5 == 0 ? 10 : 1);
        IReadOnlyList<StepSample> samples = StepMeasurement.Run(timer, Points, new() { MostRounds = 9 }, new StoppedClock(), TestContext.Current.CancellationToken);
        Assert.All(samples, sample => Assert.Equal(FormulaTimer.Law.Seconds(sample.Point, FormulaTimer.Model), sample.Seconds, 1e-12));
        Assert.All(samples, sample => Assert.InRange(sample.Repetitions, 9, 1 + (8 * 6)));
    }

    [Fact]
    public void Short_steps_are_run_more_often()
    {
        IReadOnlyList<StepSample> samples = StepMeasurement.Run(new FormulaTimer(FormulaTimer.Law), Points, new() { MostRounds = 3 }, new StoppedClock(), TestContext.Current.CancellationToken);
        Assert.True(samples[0].Repetitions > samples[2].Repetitions);
        Assert.Equal(3, samples[2].Repetitions);
        Assert.All(samples, sample => Assert.Equal(0, sample.Spread, 1e-9));
    }

    [Fact]
    public void Without_time_the_least_rounds_are_run()
    {
        IReadOnlyList<StepSample> samples = StepMeasurement.Run(
            new FormulaTimer(FormulaTimer.Law), Points, new() { LeastRounds = 2, Budget = TimeSpan.Zero }, new StoppedClock(), TestContext.Current.CancellationToken);
        Assert.Equal(2, samples[2].Repetitions);
    }

    [Fact]
    public void Whoever_stops_it_gets_no_samples()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => StepMeasurement.Run(new FormulaTimer(FormulaTimer.Law), Points, new(), new StoppedClock(), stop.Token));
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
