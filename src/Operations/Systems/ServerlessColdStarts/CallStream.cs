using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>
/// The calls of one region's functions that no timer makes: one renewal stream with Weibull gaps, stretched by the calendar, each call
/// going to a function in proportion to its rate. Calls of one region come in bursts together, as the published gaps between cold
/// starts show (Weibull with a shape near 0.4).
/// </summary>
/// <remarks>
/// A function busier than <see cref="BusiestPerSecond"/> is left out: its pods practically never go (e^(−0.2·60) of the gaps are longer
/// than 60 s), so it adds calls and no cold starts.
/// </remarks>
public sealed class CallStream
{
    /// <summary>Functions with more calls per second are not drawn one by one.</summary>
    public const double BusiestPerSecond = 0.2;

    private const double SecondsPerDay = 86_400;

    // Beyond any run, and before the end of the clock.
    private const double LastSeconds = 9e9;

    private readonly Function[] _functions;
    private readonly double[] _cumulated;
    private readonly Calendar _calendar;
    private readonly RandomStream _random;
    private readonly Weibull _gaps;
    private readonly double _startSeconds;
    private double _seconds;

    /// <param name="functions">Those of one region; timers and the busiest are passed over.</param>
    /// <param name="gapCv">Deviation over mean of the gaps of the whole stream.</param>
    /// <param name="calendar">Rate through the week.</param>
    /// <param name="startDay">Day of the week at time zero, 0 for Monday.</param>
    /// <param name="random">The stream's chance.</param>
    public CallStream(IEnumerable<Function> functions, double gapCv, Calendar calendar, int startDay, RandomStream random)
    {
        _functions = [.. functions.Where(function => function.Trigger != Trigger.Timer && function.RatePerSecond is > 0 and <= BusiestPerSecond)];
        _cumulated = new double[_functions.Length];
        double sum = 0;
        for (int i = 0; i < _functions.Length; i++) _cumulated[i] = sum += _functions[i].RatePerSecond;
        RatePerSecond = sum;
        _calendar = calendar;
        _startSeconds = startDay * SecondsPerDay;
        _random = random;
        _gaps = Weibull.FromMeanAndCv(1, gapCv);
    }

    /// <summary>Mean calls per second.</summary>
    public double RatePerSecond { get; }

    /// <summary>The next call; <see cref="Instant.Never"/> where the region has none.</summary>
    public (Instant At, Function? To) Next()
    {
        if (_functions.Length == 0) return (Instant.Never, null);
        // The calendar changes over hours, gaps last seconds: the rate at a gap's start serves for all of it.
        _seconds += _gaps.Sample(_random) / (RatePerSecond * _calendar.At(_startSeconds + _seconds));
        if (_seconds > LastSeconds) return (Instant.Never, null);
        double target = _random.NextDouble() * RatePerSecond;
        int index = Array.BinarySearch(_cumulated, target);
        return (Instant.FromSeconds(_seconds), _functions[Math.Min(index < 0 ? ~index : index, _functions.Length - 1)]);
    }
}
