using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Live.Load;

namespace Orrery.Cli.Verbs;

/// <summary>What was measured and how, as the result of a run: the schema of <c>simulate</c>, with a block <c>load</c> beside it.</summary>
/// <param name="Report">What clients saw.</param>
/// <param name="Scenario">What was sent.</param>
/// <param name="Server">Its address.</param>
/// <param name="Shape">How requests looked.</param>
/// <param name="Prompts">How prompts were made, in words.</param>
internal sealed record LoadResult(LoadReport Report, TrafficScenario Scenario, string Server, RequestShape Shape, string Prompts)
{
    /// <summary>A generator that is later than this shows in its own figures (our choice, d).</summary>
    private static readonly Duration NotableLateness = Duration.FromMilliseconds(1);

    /// <summary>As <see cref="NotableLateness"/>, as a share of the time to the first token.</summary>
    private const double NotableShare = 0.01;

    public int WarmUp { get; init; }

    /// <summary>What the traffic holds and the server was not asked for, one sentence each.</summary>
    public IReadOnlyList<string> TrafficNotes { get; init; } = [];

    private RunFacts Facts => new()
    {
        Seconds = Report.Span.Seconds,
        Ttft = Report.Ttft,
        Tpot = Report.Tpot,
        Gaps = Report.Gaps,
        EndToEnd = Report.EndToEnd,
        Queue = new QuantileSketch(),
        Normalized = Report.Normalized,
        Qoe = Report.Qoe,
        Arrived = Report.Arrived,
        Finished = Report.Finished,
        Rejected = Report.Rejected,
        Cancelled = Report.Cancelled,
        TimedOut = Report.TimedOut,
        Failed = Report.Failed,
        MetObjective = Report.MetObjective,
        Departed = Report.Finished,
        PromptTokens = Report.PromptTokens,
        OutputTokens = Report.OutputTokens,
    };

    /// <summary>The result, its goals judged.</summary>
    public RunRecord Run()
    {
        RunFacts facts = Facts;
        RunFigures measured = RunMetricTable.Measure(facts);
        // The optimum is a property of devices, which are not known from outside.
        Dictionary<string, double> numbers = measured.Numbers.Where(number => number.Key != "optimumShare").ToDictionary();
        if (Report.CachedTokens is { } cached) numbers["cachedTokens"] = cached;
        RunResult result = new()
        {
            Scenario = Scenario.Name,
            Seed = Scenario.Seed,
            IsPartial = Report.IsPartial,
            Figures = measured with { Numbers = numbers },
            Simulation = new(Report.Span.Seconds, Report.Span.Seconds, 0, 0),
            RejectionReasons = Report.Reasons,
            Notes = [.. Notes()],
        };
        result = result with { Expectations = [.. Scenario.Expect.Select(goal => ExpectationOutcome.Of(goal, result))] };
        return new(result, new([], Distributions.Of(facts)));
    }

    /// <summary>The document of <c>--json</c>.</summary>
    public JsonNode Json(RunResult result)
    {
        JsonObject document = JsonNode.Parse(RunJson.Text(result))!.AsObject();
        document["load"] = new JsonObject
        {
            ["url"] = Server,
            ["model"] = Shape.Model,
            ["endpoint"] = Shape.Endpoint == LoadEndpoint.Chat ? "chat" : "completions",
            ["prompts"] = Prompts,
            ["warmUp"] = WarmUp,
            ["latenessSeconds"] = Summary(Report.Lateness, Duration.NanosecondsPerSecond),
            ["promptDeviationTokens"] = Summary(Report.PromptDeviation, 1),
            ["notSent"] = Report.NotSent,
            ["abandoned"] = Report.Abandoned,
            ["endedEarly"] = Report.EndedEarly,
            ["tokensInSharedEvents"] = Report.SharedEvents,
        };
        return document;
    }

    private static JsonObject? Summary(QuantileSketch sketch, double unitsPerOne) => sketch.Summarize(unitsPerOne) is not { } summary ? null : new JsonObject
    {
        ["count"] = summary.Count,
        ["mean"] = summary.Mean,
        ["p50"] = summary.P50,
        ["p90"] = summary.P90,
        ["p99"] = summary.P99,
        ["max"] = summary.Max,
    };

    private IEnumerable<string> Notes()
    {
        yield return $"measured at {Server}, model {Shape.Model}, with {Prompts}; what only replicas know (queue, batches, KV, utilisation, energy, cost) is not seen from outside";
        if (Lateness() is { } late) yield return late;
        if (Report.NotSent > 0) yield return Text($"{Report.NotSent:N0} requests were not sent because too many were in flight; raise --max-outstanding, or read the run as one of a server that is overrun");
        if (Report.Abandoned > 0) yield return Text($"{Report.Abandoned:N0} requests were in flight when the run was interrupted; they count as arrived only");
        if (Report.Finished > 0 && Report.EndedEarly > 0) yield return Text($"{Report.EndedEarly:N0} of {Report.Finished:N0} answers were shorter than the traffic says");
        if (Report.OutputTokens > 0 && Report.SharedEvents > 0)
            yield return Text($"{Percent(Report.SharedEvents, Report.OutputTokens)} of the tokens came in an event with others or in none of their own; the gaps between them count as zero");
        if (Report.Uncounted > 0) yield return Text($"the server did not count the tokens of {Report.Uncounted:N0} answers; events with text were counted instead");
        if (!Report.PromptDeviation.IsEmpty && Report.PromptDeviation.Max > 0)
            yield return Text($"prompts were off their stated length by {Report.PromptDeviation.Mean:0.##} tokens in the mean and {Report.PromptDeviation.Max:N0} at most, as the server counts");
        foreach (string note in TrafficNotes) yield return note;
    }

    private string? Lateness()
    {
        if (Report.Lateness.IsEmpty) return null;
        Duration late = Duration.FromNanoseconds(Report.Lateness.Quantile(0.99));
        bool isNotable = late > NotableLateness || (!Report.Ttft.IsEmpty && late.Nanoseconds > NotableShare * Report.Ttft.Quantile(0.5));
        return isNotable ? $"the generator itself was late by {late} at p99; that is part of the times to first token, so a busy machine beside the server may explain some of them" : null;
    }

    private static string Percent(long part, long whole) => (100.0 * part / whole).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
