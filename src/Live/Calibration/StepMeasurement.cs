using Orrery.Kernel.Random;
using Orrery.World.Profiles;

namespace Orrery.Live.Calibration;

/// <summary>Runs one step and says how long it took: the engine, or a formula in tests.</summary>
public interface IStepTimer
{
    /// <summary>Seconds of one run.</summary>
    double Seconds(StepPoint point);
}

/// <summary>One measured step.</summary>
/// <param name="Point">What was run.</param>
/// <param name="Seconds">Median of the repetitions.</param>
/// <param name="Spread">Distance of the quartiles over the median: what the machine does to equal steps.</param>
/// <param name="Repetitions">How often it was run.</param>
public sealed record StepSample(StepPoint Point, double Seconds, double Spread, int Repetitions);

/// <summary>How a grid is measured.</summary>
public sealed record MeasurementOptions
{
    /// <summary>A round that starts before this has passed is finished.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Every point is run at least so often.</summary>
    public int LeastRounds { get; init; } = 2;

    /// <summary>And at most so often.</summary>
    public int MostRounds { get; init; } = 15;

    /// <summary>Of the order of points.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Told which round it is.</summary>
    public Action<int>? Progress { get; init; }
}

/// <summary>
/// Measures a grid in rounds: each runs every point, short ones several times, in an order drawn anew. The memory of a virtual machine changes its speed within
/// seconds, and other work comes and goes: so every point meets every state, and no state falls on one kind of step.
/// </summary>
public static class StepMeasurement
{
    /// <summary>Runs of a point in one round: short steps cost little and scatter most (our choice, d).</summary>
    private const int MostRepeats = 6;

    /// <param name="timer">Runs the steps.</param>
    /// <param name="points">The grid.</param>
    /// <param name="options">How long and in which order.</param>
    /// <param name="clock">For the budget alone.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public static IReadOnlyList<StepSample> Run(IStepTimer timer, IReadOnlyList<StepPoint> points, MeasurementOptions options, TimeProvider clock, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        RandomStream draws = RandomStream.Root(options.Seed).Split("order");
        List<double>[] seconds = [.. points.Select(_ => new List<double>())];
        int[] repeats = [.. points.Select(_ => 1)];
        // Code is compiled and buffers grow in steps that do not count: the largest and the smallest.
        foreach (StepPoint extreme in points.OrderBy(point => point.Tokens).ThenBy(point => point.KvTokens).Where((_, i) => i == 0 || i == points.Count - 1)) timer.Seconds(extreme);
        long start = clock.GetTimestamp();
        for (int round = 0; round < options.MostRounds && (round < options.LeastRounds || clock.GetElapsedTime(start) < options.Budget); round++)
        {
            options.Progress?.Invoke(round + 1);
            if (round == 1) repeats = RepeatsOf(seconds);
            int[] order = [.. repeats.SelectMany((times, index) => Enumerable.Repeat(index, times))];
            Shuffle(order, draws);
            foreach (int index in order)
            {
                stop.ThrowIfCancellationRequested();
                seconds[index].Add(timer.Seconds(points[index]));
            }
        }
        return [.. points.Select((point, i) => Sample(point, [.. seconds[i]]))];
    }

    private static StepSample Sample(StepPoint point, double[] seconds)
    {
        double median = FitErrors.Quantile(seconds, 0.5);
        return new(point, median, (FitErrors.Quantile(seconds, 0.75) - FitErrors.Quantile(seconds, 0.25)) / median, seconds.Length);
    }

    /// <summary>By what the first round took: a point as often as fits into the time of the mean one.</summary>
    private static int[] RepeatsOf(List<double>[] seconds)
    {
        double mean = seconds.Average(of => of[0]);
        return [.. seconds.Select(of => (int)Math.Clamp(mean / Math.Max(of[0], double.Epsilon), 1, MostRepeats))];
    }

    private static void Shuffle(int[] order, RandomStream draws)
    {
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = draws.NextInt(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
    }
}
