using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>What one run of the platform counted.</summary>
internal sealed class PlatformCounts
{
    private const double SecondsPerHour = 3600;

    private readonly Instant _end;
    private readonly Duration? _takeWindow;
    private readonly long[] _callsOf;
    private readonly long[] _coldOf;
    private readonly Instant[] _lastStart;
    private readonly int[][][] _taken;
    private readonly int[][] _startsOfMinute;
    private readonly double[][] _startSecondsOfMinute;
    private readonly IReadOnlyList<Function> _functions;

    public PlatformCounts(IReadOnlyList<Function> functions, int regions, Instant end, Duration? takeWindow)
    {
        (_functions, _end, _takeWindow) = (functions, end, takeWindow);
        _callsOf = new long[functions.Count];
        _coldOf = new long[functions.Count];
        _lastStart = [.. Enumerable.Repeat(Instant.Never, regions)];
        int windows = takeWindow is { } length ? (int)(end.Nanoseconds / length.Nanoseconds) + 1 : 0;
        _taken = [.. Enumerable.Range(0, regions).Select(_ => Enum.GetValues<PodClass>().Select(_ => new int[windows]).ToArray())];
        int minutes = Minute(end) + 1;
        _startsOfMinute = [.. Enumerable.Range(0, regions).Select(_ => new int[minutes])];
        _startSecondsOfMinute = [.. Enumerable.Range(0, regions).Select(_ => new double[minutes])];
    }

    public long Calls { get; private set; }

    public long Cold { get; private set; }

    public long TimerCold { get; private set; }

    public long Starts { get; private set; }

    public long Dispatched { get; set; }

    public double WaitSeconds { get; private set; }

    public double GatewayWaitSeconds { get; private set; }

    public long GatewayCalls { get; private set; }

    public double PodSeconds { get; private set; }

    public double IdleSeconds { get; private set; }

    public long Pods { get; private set; }

    public long WorthlessPods { get; private set; }

    public long PoolTakes { get; private set; }

    public long PoolMisses { get; private set; }

    public double PoolPodHours { get; private set; }

    public List<double> StartSeconds { get; } = [];

    public List<double> GapSeconds { get; } = [];

    public Dictionary<PodClass, List<double>> StartsByClass { get; } = Enum.GetValues<PodClass>().ToDictionary(pods => pods, _ => new List<double>());

    public void Served(Function function, Instant arrived, Instant begins, bool cold)
    {
        Calls++;
        _callsOf[function.Id]++;
        double wait = (begins - arrived).Seconds;
        WaitSeconds += wait;
        if (function.Trigger == Trigger.Gateway)
        {
            GatewayCalls++;
            GatewayWaitSeconds += wait;
        }
        if (!cold) return;
        Cold++;
        _coldOf[function.Id]++;
        if (function.Trigger == Trigger.Timer) TimerCold++;
    }

    public void Started(Function function, int region, Instant now, StartParts parts)
    {
        Starts++;
        double seconds = parts.Total.Seconds;
        StartSeconds.Add(seconds);
        StartsByClass[function.Class].Add(seconds);
        if (!_lastStart[region].IsNever) GapSeconds.Add((now - _lastStart[region]).Seconds);
        _lastStart[region] = now;
        if (_takeWindow is { } window) _taken[region][(int)function.Class][Math.Min(now.Nanoseconds / window.Nanoseconds, _taken[region][0].Length - 1)]++;
        int minute = Math.Min(Minute(now), _startsOfMinute[region].Length - 1);
        _startsOfMinute[region][minute]++;
        _startSecondsOfMinute[region][minute] += seconds;
    }

    /// <summary>
    /// A pod was given back, or the run ended: its life counts up to the end of the run. It was worth its start when
    /// (life − keep-alive) / start time is above 1 (a, b).
    /// </summary>
    public void Ended(Pod pod, Duration keepAlive)
    {
        Instant gone = Instant.Min(pod.ReleaseAt, _end);
        if (gone < pod.ReadyAt) return;
        double life = (gone - pod.ReadyAt).Seconds;
        Pods++;
        PodSeconds += life;
        IdleSeconds += Math.Max(0, life - pod.Busy.Seconds);
        if ((pod.ReleaseAt - pod.ReadyAt).Seconds - keepAlive.Seconds <= pod.StartTime.Seconds) WorthlessPods++;
    }

    public void SetPools(PodPool[][] pools, Instant end)
    {
        foreach (PodPool pool in pools.SelectMany(region => region))
        {
            PoolTakes += pool.Takes;
            PoolMisses += pool.Misses;
            for (Instant hour = Instant.Zero; hour < end; hour += Duration.FromSeconds(SecondsPerHour)) PoolPodHours += pool.SizeAt(hour);
        }
    }

    public Yesterday AsYesterday() => new(
        [.. _startsOfMinute.Select(minutes => minutes.Sum() / _end.Seconds)], [.. _taken.Select(region => (IReadOnlyList<IReadOnlyList<int>>)region)]);

    /// <summary>The most starts of a minute in one region over that region's mean; the largest over the regions.</summary>
    public double PeakToMean => _startsOfMinute.Max(minutes => minutes.Sum() == 0 ? 0 : minutes.Max() / minutes.Average());

    /// <summary>The most starts of a minute in one region.</summary>
    public int PeakPerMinute => _startsOfMinute.Max(minutes => minutes.Max());

    /// <summary>Functions with calls of which this share or more started cold, among the functions with calls; and those called at least once a minute.</summary>
    public (double AlmostAlwaysCold, double OnceAMinute) FunctionShares(double share)
    {
        const double perMinute = 1.0 / 60;
        int called = 0, cold = 0, frequent = 0;
        for (int i = 0; i < _callsOf.Length; i++)
        {
            if (_functions[i].RatePerSecond >= perMinute) frequent++;
            if (_callsOf[i] == 0) continue;
            called++;
            if (_coldOf[i] >= share * _callsOf[i]) cold++;
        }
        return (called == 0 ? 0 : (double)cold / called, (double)frequent / _callsOf.Length);
    }

    /// <summary>Correlation, over the minutes with starts of one region, of their number and their mean time; the mean over the regions.</summary>
    public double CountTimeCorrelation() => Enumerable.Range(0, _startsOfMinute.Length).Average(Correlation);

    private double Correlation(int region)
    {
        double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        for (int minute = 0; minute < _startsOfMinute[region].Length; minute++)
        {
            double count = _startsOfMinute[region][minute];
            if (count == 0) continue;
            double mean = _startSecondsOfMinute[region][minute] / count;
            n++;
            x += count;
            y += mean;
            xx += count * count;
            yy += mean * mean;
            xy += count * mean;
        }
        double spread = Math.Sqrt(((n * xx) - (x * x)) * ((n * yy) - (y * y)));
        return spread > 0 ? ((n * xy) - (x * y)) / spread : 0;
    }

    private static int Minute(Instant at) => (int)(at.Nanoseconds / (60 * Duration.NanosecondsPerSecond));
}
