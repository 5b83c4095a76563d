using System.Globalization;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>
/// One run of a row: servers of two priorities, each request to the one of its priority with the fewest requests, under a power manager.
/// Random streams: <c>arrivals</c>, <c>services</c> and <c>delays</c>, so that every policy sees the same requests.
/// </summary>
internal sealed class RowRun
{
    public static readonly IReadOnlyList<ExperimentFigure> Figures =
    [
        new("peakShare", "", "highest reading over the row's budget"),
        new("meanShare", "", "mean power over the budget"),
        new("riseBetweenReadings", "", "largest rise from one reading to the next, of the budget"),
        new("riseWithinDelay", "", "largest rise within the delay of a cap, of the budget"),
        new("pickedFirst", "", "first threshold that these rises call for"),
        new("pickedSecond", "", "second threshold that these rises call for"),
        new("brakes", "", "times that the power brake was set"),
        new("brakedSeconds", "s", "time under the brake"),
        new("commands", "", "clocks sent to the servers of a priority"),
        new("overFirst", "", "share of the time over the first threshold"),
        new("overSecond", "", "share of the time over the second threshold"),
        new("energyJoules", "J", "energy of all servers"),
        new("servers", "", "servers on the row"),
        new("requests", "", "requests that finished, of those that came after the warm-up"),
        new("arrived", "", "requests that came after the warm-up"),
        new("unfinished", "", "those of them that had not finished at the end; latencies leave them out"),
        new("p50HighSeconds", "s", "median latency of high priority, arrival to last token"),
        new("p99HighSeconds", "s", "99th percentile of the latency of high priority"),
        new("p50LowSeconds", "s", "median latency of low priority"),
        new("p99LowSeconds", "s", "99th percentile of the latency of low priority"),
    ];

    private readonly RowOptions _options;
    private readonly VirtualClock _clock = new();
    private readonly RandomStream _arrivals;
    private readonly RandomStream _services;
    /// <summary>An idle row fills up within minutes; what it does in this time is not counted.</summary>
    private static readonly Duration WarmUp = Duration.FromHours(1);

    /// <summary>Share of requests without an end above which a reader is told (d).</summary>
    private const double LargeUnfinished = 0.05;

    private readonly LatencyTally _high = new(Instant.Zero + WarmUp);
    private readonly LatencyTally _low = new(Instant.Zero + WarmUp);
    private readonly PhaseServer[] _highPool = [];
    private readonly PhaseServer[] _lowPool = [];
    private readonly int _servers;
    private readonly PowerRow _row;
    private long _arrived;
    private int _nextHigh;
    private int _nextLow;

    public RowRun(RowOptions options, RandomStream random)
    {
        _options = options;
        _arrivals = random.Split("arrivals");
        _services = random.Split("services");
        _servers = options.AllServers;
        IPoweredServer[] servers;
        if (options.Work == RowWork.Training)
        {
            servers = [.. Enumerable.Range(0, _servers).Select(_ => new TrainingServer(_clock, options.Power))];
        }
        else
        {
            ServerPowerModel power = new(options.Power);
            // Servers in proportion to requests.
            double lowShare = RowService.Summarise.Share + (RowService.Chat.Share * options.LowChat);
            int low = Math.Clamp((int)Math.Round(_servers * lowShare), 1, Math.Max(1, _servers - 1));
            _lowPool = [.. Enumerable.Range(0, low).Select(_ => Server(ServerPriority.Low, power, _low))];
            _highPool = [.. Enumerable.Range(0, _servers - low).Select(_ => Server(ServerPriority.High, power, _high))];
            servers = [.. _highPool, .. _lowPool];
        }
        Watts budget = new(options.Servers * options.Power.ServerRatedWatts);
        _row = new(_clock, options.Power, budget, options.Manager, random.Split("delays"), () => false) { CountsFrom = Instant.Zero + WarmUp };
        foreach (IPoweredServer server in servers) _row.Add(server);
    }

    public ExperimentResult Run(CancellationToken cancel)
    {
        if (_options.Work == RowWork.Inference) _clock.Spawn("arrivals", Arrivals, background: true);
        using CancellationTokenRegistration registration = cancel.Register(_clock.Stop);
        _clock.Run(Instant.FromSeconds(WarmUp.Seconds + (_options.Days * Duration.FromHours(24).Seconds)));
        cancel.ThrowIfCancellationRequested();
        RowReadings readings = _row.Readings;
        double seconds = readings.Count * _options.Power.Interval.Seconds;
        RowThresholds picked = RowThresholds.From(readings.RiseWithinDelay, readings.RiseBetweenReadings);
        Dictionary<string, double> values = new()
        {
            ["peakShare"] = readings.PeakShare,
            ["meanShare"] = readings.MeanShare,
            ["riseBetweenReadings"] = readings.RiseBetweenReadings,
            ["riseWithinDelay"] = readings.RiseWithinDelay,
            ["pickedFirst"] = picked.First,
            ["pickedSecond"] = picked.Second,
            ["brakes"] = readings.Brakes,
            ["brakedSeconds"] = readings.BrakedSeconds,
            ["commands"] = readings.Commands,
            ["overFirst"] = readings.SecondsOverFirst / seconds,
            ["overSecond"] = readings.SecondsOverSecond / seconds,
            ["energyJoules"] = readings.EnergyJoules,
            ["servers"] = _servers,
        };
        if (_options.Work == RowWork.Inference)
        {
            values["requests"] = Finished;
            values["arrived"] = _arrived;
            values["unfinished"] = _arrived - Finished;
            AddQuantiles(values, "High", _high);
            AddQuantiles(values, "Low", _low);
        }
        return new(values) { Notes = [.. Notes()] };
    }

    private long Finished => _high.Count + _low.Count;

    private IEnumerable<string> Notes()
    {
        long unfinished = _arrived - Finished;
        if (unfinished > LargeUnfinished * _arrived)
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{unfinished} of {_arrived} requests had not finished at the end and are in no latency: the row is overloaded or the run is short; lower peakRate or simulate more days");
        int longest = _high.Longest + _low.Longest;
        if (longest > 0) yield return string.Create(CultureInfo.InvariantCulture, $"{longest} requests took an hour or longer; latencies count them as an hour");
    }

    private static void AddQuantiles(Dictionary<string, double> values, string priority, LatencyTally latencies)
    {
        if (latencies.Count == 0) return;
        values[$"p50{priority}Seconds"] = latencies.Quantile(0.5);
        values[$"p99{priority}Seconds"] = latencies.Quantile(0.99);
    }

    private PhaseServer Server(ServerPriority priority, ServerPowerModel power, LatencyTally latencies) =>
        new(_clock, priority, power, _options.Power.Laws, latencies, _options.KvTokens);

    private async ValueTask Arrivals()
    {
        WeekProfile profile = new(_options.PeakRatePerServer, _options.Trough, _options.Weekend);
        // The week begins when the row is warm.
        double seconds = -WarmUp.Seconds;
        while (true)
        {
            seconds = profile.Next(seconds, _servers, _arrivals);
            await _clock.Until(Instant.FromSeconds(seconds + WarmUp.Seconds));
            double service = _services.NextDouble();
            double isLow = _services.NextDouble();
            long now = _clock.Now.Nanoseconds;
            if (now >= WarmUp.Nanoseconds) _arrived++;
            if (service < RowService.Summarise.Share) Submit(_lowPool, ref _nextLow, RowService.Summarise.Draw(_services, now));
            else if (service < RowService.Summarise.Share + RowService.Search.Share) Submit(_highPool, ref _nextHigh, RowService.Search.Draw(_services, now));
            else if (isLow < _options.LowChat) Submit(_lowPool, ref _nextLow, RowService.Chat.Draw(_services, now));
            else Submit(_highPool, ref _nextHigh, RowService.Chat.Draw(_services, now));
        }
    }

    /// <summary>To the server with the fewest requests; among equals in turn, so that none is used more than others.</summary>
    private static void Submit(PhaseServer[] pool, ref int turn, RowRequest request)
    {
        int best = -1;
        int fewest = int.MaxValue;
        int index = turn;
        for (int i = 0; i < pool.Length; i++)
        {
            if (++index >= pool.Length) index = 0;
            PhaseServer server = pool[index];
            if (server.NextEnd <= request.Arrival) server.Advance(request.Arrival);
            if (server.Live >= fewest) continue;
            fewest = server.Live;
            best = index;
        }
        turn = best;
        pool[best].Submit(request);
    }
}
