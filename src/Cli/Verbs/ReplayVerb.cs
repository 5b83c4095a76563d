using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Live.Tapes;

namespace Orrery.Cli.Verbs;

/// <summary><c>replay TAPE</c>: a live run again in virtual time, decision by decision.</summary>
internal sealed class ReplayVerb : Verb
{
    private readonly Argument<string> _tape = new("tape") { Description = "A tape that 'serve --record FILE' has written." };
    private readonly Option<string> _stepTimes = new("--step-times") { HelpName = "SCENARIO", Description = "What 'serve' was told about step times; needed where its policies looked ahead." };
    private readonly Option<string> _json = CommonOptions.Json();

    public ReplayVerb()
        : base("replay", "Run the policies of a recorded live run again and compare every decision.", "replay tape.jsonl", "replay tape.jsonl --json -")
    {
        Add(_tape);
        Add(_stepTimes);
        Add(_json);
    }

    public override IReadOnlyList<string> Notes =>
    [
        "The same scheduler, memory, predictors and drafts run in virtual time with the arrivals, cancellations and step times of the tape. Every batch with its order, every preemption and swap, the memory in use and every departure must come out the same; exit code 1 when something does not.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        string path = parsed.GetRequiredValue(_tape);
        ReplayReport report = TapeReplay.Run(path, parsed.GetValue(_stepTimes) is { } scenario ? _ => StepTimesFile.Load(scenario) : null);
        if (json is not null) JsonOutput.Write(writer => Write(report, writer), json, terminal);
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Requests} requests, {report.Cancellations} cancelled, over {report.Span.Seconds:0.000} s on {report.Models} {(report.Models == 1 ? "model" : "models")}"));
        if (report.IsCut) terminal.Output.WriteLine("note: the tape has no end, as if its process was killed; what it has was replayed, but its last instant was left out");
        if (report.Difference is not { } difference)
        {
            terminal.Output.WriteLine(report.Decisions == 0
                ? "the tape holds no decision: nothing was compared"
                : string.Create(CultureInfo.InvariantCulture, $"{report.Decisions} decisions and {report.Departures} departures: every one the same"));
            return ExitCode.Done;
        }
        terminal.Error.WriteLine($"{path}: after {report.Decisions} decisions something came out otherwise: {difference}");
        return ExitCode.GoalMissed;
    }

    private static void Write(ReplayReport report, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.replay/1");
        writer.WriteNumber("models", report.Models);
        writer.WriteNumber("requests", report.Requests);
        writer.WriteNumber("cancellations", report.Cancellations);
        writer.WriteNumber("decisions", report.Decisions);
        writer.WriteNumber("departures", report.Departures);
        writer.WriteNumber("spanSeconds", report.Span.Seconds);
        writer.WriteBoolean("isCut", report.IsCut);
        writer.WriteString("difference", report.Difference);
        writer.WriteEndObject();
    }
}
