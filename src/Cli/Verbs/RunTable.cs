using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;
using Orrery.Serving.Metrics;

namespace Orrery.Cli.Verbs;

/// <summary>One run as text: what users feel, what the fleet did, what it cost, which goals were met.</summary>
internal static class RunTable
{
    private const int LabelWidth = 13;
    private const double Kilo = 1e3;
    private const double Mega = 1e6;

    public static void Write(RunResult run, Scenario scenario, Terminal terminal)
    {
        TextWriter output = terminal.Output;
        if (output == TextWriter.Null) return;
        string fleet = string.Join(" + ", scenario.Fleet.Select(Fleet));
        foreach (string line in TextTable.Wrap(
            string.Create(CultureInfo.InvariantCulture, $"{run.Scenario}: {fleet}; traffic {scenario.Traffic.Name}, seed {run.Seed}"), Terminal.Columns))
            output.WriteLine(line);
        if (run.IsPartial) output.WriteLine("PARTIAL: interrupted; the figures cover the virtual time reached");
        output.WriteLine();
        WriteLatencies(run, output);
        output.WriteLine();
        Line(output, "requests", Requests(run));
        Line(output, "tokens", string.Create(CultureInfo.InvariantCulture, $"{run.Tokens.Prompt:N0} prompt, {run.Tokens.Output:N0} output, {run.Tokens.Cached:N0} from the prefix cache"));
        foreach ((string label, string text) in SideWork.Of(run.Figures)) Line(output, label, text);
        Line(output, "throughput",
            $"{Figure(run.Metrics.OutputTokensPerSecond)}{Within(run, "outputTokensPerSecond", Figure)} output tokens/s, "
            + $"{Figure(run.Metrics.RequestsPerSecond)}{Within(run, "requestsPerSecond", Figure)} requests/s");
        Line(output, "objective", Objective(run, scenario.Slo));
        Line(output, "utilisation", $"busy {Percent(run.Metrics.BusyFraction)}, model FLOP {Percent(run.Metrics.ModelFlopsUtilization)}, "
            + $"memory bandwidth {Percent(run.Metrics.MemoryBandwidthUtilization)}, KV mean {Percent(run.Metrics.KvUtilizationMean)}, max {Percent(run.Metrics.KvUtilizationMax)}");
        Line(output, "cost", $"{Figure(run.Cost.EnergyJoules / Mega)} MJ, {Figure(run.Cost.CarbonGrams / Kilo)} kg CO2e, {Figure(run.Cost.WaterLitres)} L water, "
            + $"{Figure(run.Cost.MoneyDollars)} USD");
        foreach (ExpectationOutcome outcome in run.Expectations)
            Line(output, "goal", (outcome.IsMet ? Ink.Good(terminal, "met: ") : Ink.Bad(terminal, "MISSED: ")) + outcome.Sentence);
        foreach (string note in run.Notes) Line(output, "note", note);
        Line(output, "effort", string.Create(CultureInfo.InvariantCulture,
            $"{run.Simulation.VirtualSeconds:N0} s simulated in {run.Simulation.WallSeconds:0.00} s: {run.Simulation.Steps:N0} steps, {run.Simulation.Events:N0} events"));
    }

    private static string Fleet(FleetEntry entry)
    {
        string replicas = entry.Replicas == 1 ? "1 replica" : string.Create(CultureInfo.InvariantCulture, $"{entry.Replicas:N0} replicas");
        int devices = entry.Deployment.Parallel.Devices;
        string each = devices == 1 ? entry.Deployment.Device.Name : string.Create(CultureInfo.InvariantCulture, $"{devices} {entry.Deployment.Device.Name}");
        return $"{replicas} of {entry.Deployment.Model.Name}{(entry.Replicas == 1 ? "" : ", each")} on {each}";
    }

    internal static void WriteLatencies(RunResult run, TextWriter output)
    {
        List<Column> columns = [new("what users feel", IsNumber: false), new("mean"), new("p50"), new("p90"), new("p99"), new("p99.9"), new("max")];
        if (run.Intervals is not null) columns.AddRange([new("p50 within"), new("p99 within")]);
        var table = new TextTable([.. columns]);
        foreach (Metric metric in RunMetricTable.All)
        {
            if (metric.Label.Length == 0 || run.Figures.Distribution(metric.Name) is not { } summary) continue;
            if (metric.Unit == MeasureUnit.Seconds)
            {
                FigureScale scale = FigureScale.For(MeasureUnit.Seconds, [summary.Mean, summary.P50, summary.P90, summary.P99]);
                Add($"{metric.Label}, {scale.Unit}", metric, summary, scale.Text);
            }
            else
            {
                Add(metric.Label, metric, summary, value => value.ToString("0.000", CultureInfo.InvariantCulture));
            }
        }
        table.Write(output);

        void Add(string name, Metric metric, Summary summary, Func<double, string> text)
        {
            List<string> cells = [name, text(summary.Mean), text(summary.P50), text(summary.P90), text(summary.P99), text(summary.P999), text(summary.Max)];
            if (run.Intervals is { } intervals) cells.AddRange([Within(Statistic.P50), Within(Statistic.P99)]);
            table.Add([.. cells]);

            string Within(Statistic statistic) => intervals.Of(metric, statistic)?.All is { } ends ? $"{text(ends.Low)}-{text(ends.High)}" : "";
        }
    }

    /// <summary>The interval of a number behind its value; empty without one.</summary>
    private static string Within(RunResult run, string metric, Func<double, string> text) =>
        run.Intervals?.Of(RunMetricTable.Find(metric)!, Statistic.Value)?.All is { } ends ? $" ({text(ends.Low)}-{text(ends.High)})" : "";

    private static string Requests(RunResult run)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{run.Requests.Arrived:N0} arrived, {run.Requests.Finished:N0} finished");
        if (run.Requests.Rejected > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {run.Requests.Rejected:N0} rejected ({string.Join("; ", run.RejectionReasons.Select(reason => $"{reason.Value}: {reason.Key}"))})");
        if (run.Requests.Cancelled > 0) text += string.Create(CultureInfo.InvariantCulture, $", {run.Requests.Cancelled:N0} cancelled");
        if (run.Requests.TimedOut > 0) text += string.Create(CultureInfo.InvariantCulture, $", {run.Requests.TimedOut:N0} timed out");
        return text + string.Create(CultureInfo.InvariantCulture, $"; {run.Requests.Preemptions:N0} preemptions");
    }

    internal static string Objective(RunResult run, ServiceObjective slo)
    {
        List<string> limits = [];
        if (!slo.Ttft.IsInfinite) limits.Add("TTFT <= " + Quantities.Format(slo.Ttft.Seconds, Quantity.Duration));
        if (!slo.Tpot.IsInfinite) limits.Add("TPOT <= " + Quantities.Format(slo.Tpot.Seconds, Quantity.Duration));
        if (slo.PromptTokensPerSecond > 0) limits.Add($"TTFT <= prompt tokens / {Figure(slo.PromptTokensPerSecond)}/s");
        if (slo.Pace is { Exists: true } pace) limits.Add($"pace >= {Figure(pace.TokensPerSecond)} tokens/s");
        if (limits.Count == 0) return "none stated (slo: {ttft: 1s, tpot: 50ms})";
        return $"{Percent(run.Metrics.SloAttainment)}{Within(run, "attainment", Percent)} of the requests within {string.Join(", ", limits)}; "
            + $"goodput {Figure(run.Metrics.GoodputRequestsPerSecond)}{Within(run, "goodput", Figure)} requests/s";
    }

    internal static void Line(TextWriter output, string label, string text)
    {
        foreach (string line in TextTable.Wrap(text, Terminal.Columns - LabelWidth))
        {
            output.WriteLine(label.PadRight(LabelWidth) + line);
            label = "";
        }
    }

    internal static string Figure(double value) => TextTable.Figure(value, 4);

    internal static string Percent(double share) => (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
