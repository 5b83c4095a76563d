using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Live.Load;

namespace Orrery.Cli.Verbs;

/// <summary>A load as text: while it runs, and what came of it.</summary>
internal static class LoadText
{
    /// <summary>One line for a terminal.</summary>
    /// <param name="now">Where it stands.</param>
    /// <param name="before">Where it stood at the last look.</param>
    public static string Progress(in LoadProgress now, in LoadProgress before)
    {
        double seconds = (now.Elapsed - before.Elapsed).Seconds;
        double tokens = seconds > 0 ? (now.OutputTokens - before.OutputTokens) / seconds : 0;
        string of = now.Expected is { } all ? string.Create(CultureInfo.InvariantCulture, $"/{all}") : "";
        long lost = now.Refused + now.Failed;
        string missing = lost > 0 ? string.Create(CultureInfo.InvariantCulture, $", {lost} lost") : "";
        string ttft = now is { TtftP50: { } p50, TtftP99: { } p99 } ? $", TTFT {Milliseconds(p50)}/{Milliseconds(p99)} ms" : "";
        string late = now.LatenessP99 is { } lateness ? $", late {Milliseconds(lateness)} ms" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{now.Elapsed.Seconds:0} s: {now.Arrived}{of} sent, {now.Finished} done{missing}, {now.InFlight} open, {TextTable.Figure(tokens)} tok/s{ttft}{late}");
    }

    public static void Write(RunResult run, LoadResult load, Terminal terminal)
    {
        TextWriter output = terminal.Output;
        if (output == TextWriter.Null) return;
        foreach (string line in TextTable.Wrap(
            string.Create(CultureInfo.InvariantCulture, $"{run.Scenario}: {load.Shape.Model} at {load.Server}; traffic {load.Scenario.Traffic.Name}, seed {run.Seed}"), Terminal.Columns))
            output.WriteLine(line);
        if (run.IsPartial) output.WriteLine("PARTIAL: interrupted; the figures cover what was reached");
        output.WriteLine();
        RunTable.WriteLatencies(run, output);
        output.WriteLine();
        RunTable.Line(output, "requests", Requests(run, load.Report));
        string cached = load.Report.CachedTokens is { } tokens ? string.Create(CultureInfo.InvariantCulture, $", {tokens:N0} from the prefix cache") : "";
        RunTable.Line(output, "tokens", string.Create(CultureInfo.InvariantCulture, $"{run.Tokens.Prompt:N0} prompt, {run.Tokens.Output:N0} output{cached}"));
        RunTable.Line(output, "throughput", $"{RunTable.Figure(run.Metrics.OutputTokensPerSecond)} output tokens/s, {RunTable.Figure(run.Metrics.RequestsPerSecond)} requests/s");
        RunTable.Line(output, "objective", RunTable.Objective(run, load.Scenario.Slo));
        foreach (ExpectationOutcome outcome in run.Expectations)
            RunTable.Line(output, "goal", (outcome.IsMet ? Ink.Good(terminal, "met: ") : Ink.Bad(terminal, "MISSED: ")) + outcome.Sentence);
        foreach (string note in run.Notes) RunTable.Line(output, "note", note);
        RunTable.Line(output, "generator", Generator(load));
    }

    private static string Requests(RunResult run, LoadReport report)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{report.Arrived:N0} sent, {report.Finished:N0} finished");
        if (report.Rejected > 0) text += string.Create(CultureInfo.InvariantCulture, $", {report.Rejected:N0} rejected");
        if (report.Failed > 0) text += string.Create(CultureInfo.InvariantCulture, $", {report.Failed:N0} failed");
        if (report.Cancelled > 0) text += string.Create(CultureInfo.InvariantCulture, $", {report.Cancelled:N0} cancelled");
        if (report.TimedOut > 0) text += string.Create(CultureInfo.InvariantCulture, $", {report.TimedOut:N0} timed out");
        if (run.RejectionReasons.Count > 0) text += $" ({string.Join("; ", run.RejectionReasons.Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Value:N0}: {reason.Key}")))})";
        return text;
    }

    private static string Generator(LoadResult load)
    {
        string late = load.Report.Lateness.IsEmpty ? "" : $"; late by {Duration.FromNanoseconds(load.Report.Lateness.Quantile(0.5))} at p50, {Duration.FromNanoseconds(load.Report.Lateness.Quantile(0.99))} at p99";
        return string.Create(CultureInfo.InvariantCulture, $"{RunTable.Figure(load.Report.Span.Seconds)} s, after {load.WarmUp} warm-up requests{late}");
    }

    private static string Milliseconds(Duration duration) => TextTable.Figure(duration.Milliseconds);
}
