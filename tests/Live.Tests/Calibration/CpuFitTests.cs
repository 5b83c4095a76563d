using Orrery.Live.Calibration;

namespace Orrery.Live.Tests.Calibration;

/// <summary>CPU times around steps, from steps of which both parts are known.</summary>
public sealed class CpuFitTests
{
    [Fact]
    public void Both_parts_are_recovered_whatever_the_steps_take()
    {
        (double step, double sequence) = CpuFit.Of([.. Steps(1, 2, 5, 9, 16)], usualSequenceSeconds: 1);
        Assert.Equal(80e-6, step, 1e-9);
        Assert.Equal(30e-6, sequence, 1e-9);
    }

    [Fact]
    public void Steps_that_something_fell_upon_do_not_count()
    {
        IEnumerable<LiveStep> disturbed = Steps(1, 4, 9).Select((step, i) => i % 5 == 2 ? step with { Seconds = 10 * step.Seconds } : step);
        (double step, double sequence) = CpuFit.Of([.. disturbed], usualSequenceSeconds: 1);
        Assert.Equal((80e-6, 30e-6), (Math.Round(step, 9), Math.Round(sequence, 9)));
    }

    [Fact]
    public void With_one_number_of_sequences_the_usual_part_of_each_is_kept()
    {
        (double step, double sequence) = CpuFit.Of([.. Steps(4)], usualSequenceSeconds: 20e-6);
        Assert.Equal(20e-6, sequence);
        Assert.Equal(80e-6 + (4 * 10e-6), step, 1e-9);
    }

    [Fact]
    public void Nothing_is_negative()
    {
        LiveStep[] fast = [.. Steps(1, 8).Select(step => step with { Seconds = 0.5 * step.PredictedSeconds })];
        Assert.Equal((0, 0), CpuFit.Of(fast, usualSequenceSeconds: 0));
        Assert.Equal((0, 7e-6), CpuFit.Of([], usualSequenceSeconds: 7e-6));
    }

    private static IEnumerable<LiveStep> Steps(params int[] sequences) =>
        from i in Enumerable.Range(1, 20)
        from count in sequences
        let predicted = 1e-3 + (i * 1e-5)
        select new LiveStep(StepKind.Decode, count, predicted + 80e-6 + (count * 30e-6), predicted);
}
