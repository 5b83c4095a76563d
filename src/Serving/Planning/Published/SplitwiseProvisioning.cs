using System.Globalization;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Replicas;
using Orrery.Serving.Systems.Splitwise;

namespace Orrery.Serving.Planning.Published;

/// <summary>One provisioning; see <see cref="SplitwiseProvisioningOptions"/>.</summary>
internal sealed class SplitwiseProvisioning
{
    /// <summary>Values nearer than this are equal: the first, with the fewest prompt machines, stays.</summary>
    private const double Equal = 1e-6;

    private readonly SplitwiseProvisioningOptions _options;
    private readonly RandomStream _random;
    private readonly CancellationToken _cancel;
    private readonly SplitwiseMachines _machines;
    private readonly SlowdownGoals _goals;
    private readonly ProbeWorkload _workload;
    private readonly List<IReadOnlyList<string>> _rows = [];
    private long _borrowed;
    private long _departures;
    private int _runs;
    private bool _isAtEnd;

    public SplitwiseProvisioning(SplitwiseProvisioningOptions options, RandomStream random, CancellationToken cancel)
    {
        _options = options;
        _random = random.Split("traffic");
        _cancel = cancel;
        _machines = new(options.Model, options.FullKv, options.StepTimes, new BytesPerSecond(options.Link));
        _goals = new(_machines.Reference());
        _workload = ProbeWorkload.Services.First(workload => workload.Name == options.Workload);
    }

    public ExperimentResult Run()
    {
        Dictionary<string, double> values = [];
        ClusterSize given = new(_options.Design, _options.PromptMachines, _options.TokenMachines);
        ClusterSize? size = _options.Task == ProvisioningTask.Capacity ? given : Cheapest(given);
        List<string> notes = [$"lengths of {_workload.Name}: {_workload.Source}; Poisson arrivals, as in the simulator (b)", "step times: medians of the authors' runs (b)"];
        if (size is null)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"no cluster of up to {given.Prompts} and {given.Tokens} machines keeps all nine objectives at {_options.Rate}/s"));
            return new(values) { Tables = [Runs()], Notes = notes };
        }
        double rate = _options.Rate;
        if (_options.Task == ProvisioningTask.Capacity)
        {
            double capacity = Capacity(size);
            values["maxRate"] = capacity;
            if (_isAtEnd)
                notes.Add(string.Create(CultureInfo.InvariantCulture, $"the search ended at mostRate, {_options.MostRate}/s: the capacity is at least that; raise mostRate"));
            if (rate == 0) rate = capacity;
        }
        values["machines"] = size.Machines;
        values["promptMachines"] = size.IsSplit ? size.Prompts : size.Machines;
        values["tokenMachines"] = size.IsSplit ? size.Tokens : 0;
        values["dollarsPerHour"] = size.HourlyDollars;
        values["powerUnits"] = size.PowerUnits;
        List<ExperimentTable> tables = [];
        if (rate > 0) tables.Add(Measure(size, rate, values));
        values["runs"] = _runs;
        tables.Add(Runs());
        return new(values) { Tables = tables, Notes = notes };
    }

    /// <summary>The highest multiple of the step that keeps all objectives; more load never helps.</summary>
    private double Capacity(ClusterSize size)
    {
        int low = 0;
        int high = (int)(_options.MostRate / _options.RateStep) + 1;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Keeps(size, middle * _options.RateStep)) low = middle;
            else high = middle;
        }
        _isAtEnd = low == (int)(_options.MostRate / _options.RateStep);
        return low * _options.RateStep;
    }

    /// <summary>
    /// The cheapest pools that keep all objectives. More machines never hurt, so for each number of prompt machines the fewest token machines
    /// are found by walking down from those that the number before needed.
    /// </summary>
    private ClusterSize? Cheapest(ClusterSize most)
    {
        ClusterSize? best = null;
        if (!most.IsSplit)
        {
            int least = Fewest(1, most.Machines, machines => Keeps(new(most.Design, machines, 0), _options.Rate));
            return least > most.Machines ? null : new(most.Design, least, 0);
        }
        int tokens = most.Tokens;
        for (int prompts = 1; prompts <= most.Prompts; prompts++)
        {
            if (!Keeps(new(most.Design, prompts, tokens), _options.Rate)) continue;
            tokens = Fewest(1, tokens, fewer => Keeps(new(most.Design, prompts, fewer), _options.Rate));
            ClusterSize size = new(most.Design, prompts, tokens);
            if (best is null || Value(size) < Value(best) - Equal) best = size;
            if (tokens == 1) break;
        }
        return best;
    }

    /// <summary>The smallest number in a range for which something holds that goes on holding; one beyond the range where it never does.</summary>
    private static int Fewest(int low, int high, Func<int, bool> holds)
    {
        int end = high + 1;
        while (low < end)
        {
            int middle = (low + end) / 2;
            if (middle > high || !holds(middle)) low = middle + 1;
            else end = middle;
        }
        return low;
    }

    private double Value(ClusterSize size) => _options.Goal switch
    {
        ProvisioningGoal.Cost => size.HourlyDollars,
        ProvisioningGoal.Power => size.PowerUnits,
        _ => size.Machines,
    };

    private bool Keeps(ClusterSize size, double rate)
    {
        double use = _goals.WorstUse(Probe(size, rate));
        _rows.Add([
            Text(size.Prompts), Text(size.Tokens), Text(rate), Text(use), Text(size.HourlyDollars), Text(size.PowerUnits),
        ]);
        return use <= 1;
    }

    private ProbeResult Probe(ClusterSize size, double rate)
    {
        _runs++;
        _borrowed = 0;
        _departures = 0;
        int count = Math.Max(1, (int)Math.Round(rate * _options.Length.Seconds));
        return _machines.Fleet(size).Run(_workload.Draw(rate, count, _random, _cancel), _cancel, router =>
        {
            _departures++;
            if (router is SplitwiseRouter pools) _borrowed += pools.Borrowed;
        });
    }

    private ExperimentTable Measure(ClusterSize size, double rate, Dictionary<string, double> values)
    {
        ProbeResult result = Probe(size, rate);
        values["worstUse"] = _goals.WorstUse(result);
        values["meanEndToEndSeconds"] = result.Finished.Average(static request => request.EndToEndSeconds);
        values["meanTpotSeconds"] = result.Finished.Where(static request => request.OutputTokens > 1).Average(static request => request.TpotSeconds);
        values["transferShare"] = result.TransferShare;
        values["mixedShare"] = _departures == 0 ? 0 : (double)_borrowed / _departures / size.Machines;
        values["deviceWatts"] = DeviceWatts(size, result);
        return new("Slowdowns against an idle DGX-A100", ["objective", "slowdown", "limit"],
            [.. _goals.Measure(result).Select(goal => (IReadOnlyList<string>)[goal.Name, Text(goal.Slowdown), Text(goal.Limit)])]);
    }

    /// <summary>Steps with prompts at the power of prompts, steps of decodes alone at that of tokens, the rest idle.</summary>
    private static double DeviceWatts(ClusterSize size, ProbeResult result)
    {
        double seconds = (result.Ended - Instant.Zero).Seconds;
        double joules = 0;
        for (int i = 0; i < result.Replicas.Count; i++)
        {
            ClusterMachine machine = size.IsSplit && i >= size.Prompts ? size.Token : size.Prompt;
            ReplicaCounters counters = result.Replicas[i].Counters;
            double prompts = counters.PrefillWork(result.Ended).Busy.Seconds;
            double tokens = counters.DecodeWork(result.Ended).Busy.Seconds;
            joules += ClusterMachine.Devices * ((prompts * machine.PromptWatts) + (tokens * machine.TokenWatts) + ((seconds - prompts - tokens) * machine.IdleWatts));
        }
        return joules / seconds;
    }

    private ExperimentTable Runs() => new("Clusters looked at", ["prompt machines", "token machines", "requests/s", "worst slowdown over limit", "USD/h", "power units"], _rows);

    private static string Text(double value) => ExperimentTable.Cell(value, 4);
}
