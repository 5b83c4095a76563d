using Orrery.Kernel.Experiments;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>What a run of the cell counts.</summary>
internal sealed class BalanceFigures(IntelligentLoadBalancingOptions options)
{
    public static readonly IReadOnlyList<ExperimentFigure> All =
    [
        new("overloadedNodeSeconds", "s", "time that nodes were above the capacity of a resource, summed over nodes"),
        new("overloadedShare", "", "the same as a share of all node time"),
        new("struck", "", "overloaded nodes that the balancer found, summed over intervals"),
        new("unresolvedShare", "", "share of them still overloaded after its moves"),
        new("migrations", "", "tasks moved"),
        new("trafficGigabytes", "GB", "traffic of all migrations"),
        new("gigabytesPerMigration", "GB", "the same per migration"),
        new("downtimeSeconds", "s", "time that tasks stood still while they moved, summed"),
        new("copyRounds", "", "rounds of a migration, on average"),
        new("decisionWork", "", "evaluations of one task at one node, all deciders together"),
        new("workPerNode", "", "the same per node and interval"),
        new("serialWork", "", "evaluations on the longest chain of an interval, on average"),
        new("decisionSeconds", "s", "time from the look to the decision, on average over intervals"),
        new("longestDecisionSeconds", "s", "the longest of them"),
        new("messages", "", "requests, answers and orders between agents"),
        new("refusals", "", "requests that a target refused"),
        new("forced", "", "moves made after too many refusals"),
        new("meanTasks", "", "tasks running at the end"),
    ];

    private readonly Moments _decisions = new();
    private readonly Moments _serial = new();
    private double _overloadedSeconds;
    private long _struck;
    private long _unresolved;
    private long _migrations;
    private double _traffic;
    private double _downtime;
    private long _rounds;
    private long _work;
    private long _messages;
    private long _refusals;
    private long _forced;

    public void Moved(MigrationCost cost)
    {
        _migrations++;
        _traffic += cost.Traffic.Count / 1e9;
        _downtime += cost.Downtime.Seconds;
        _rounds += cost.Rounds;
    }

    public void Decided(BalanceResult result, Duration decision, double overloadedSeconds, int struck, int unresolved)
    {
        _decisions.Add(decision.Seconds);
        _serial.Add(result.SerialWork);
        _overloadedSeconds += overloadedSeconds;
        _struck += struck;
        _unresolved += unresolved;
        _work += result.Work;
        _messages += result.Messages;
        _refusals += result.Refusals;
        _forced += result.Forced;
    }

    public ExperimentResult Result(int tasks)
    {
        double nodeIntervals = (double)options.Nodes * _decisions.Count;
        Dictionary<string, double> values = new()
        {
            ["overloadedNodeSeconds"] = _overloadedSeconds,
            ["struck"] = _struck,
            ["migrations"] = _migrations,
            ["trafficGigabytes"] = _traffic,
            ["downtimeSeconds"] = _downtime,
            ["decisionWork"] = _work,
            ["serialWork"] = _serial.Mean,
            ["decisionSeconds"] = _decisions.Mean,
            ["messages"] = _messages,
            ["refusals"] = _refusals,
            ["forced"] = _forced,
            ["meanTasks"] = tasks,
        };
        if (_decisions.Count > 0)
        {
            values["overloadedShare"] = _overloadedSeconds / (nodeIntervals * options.Interval.Seconds);
            values["workPerNode"] = _work / nodeIntervals;
            values["longestDecisionSeconds"] = _decisions.Max;
        }
        if (_struck > 0) values["unresolvedShare"] = (double)_unresolved / _struck;
        if (_migrations > 0)
        {
            values["gigabytesPerMigration"] = _traffic / _migrations;
            values["copyRounds"] = (double)_rounds / _migrations;
        }
        return new(values) { Notes = ["The public abstract of the thesis claims no factor; only shapes are compared."] };
    }
}
