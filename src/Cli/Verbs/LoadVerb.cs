using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Live.Load;

namespace Orrery.Cli.Verbs;

/// <summary><c>load [SCENARIO|FILE|NAME]</c>: sends traffic to a server and measures it as <c>simulate</c> would.</summary>
internal sealed class LoadVerb : Verb
{
    /// <summary>Between two looks of a person.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(0.25);

    private readonly LoadTraffic _traffic = new();
    private readonly LoadFlags _flags = new();
    private readonly Option<string> _out = CommonOptions.Out();
    private readonly Option<string> _json = CommonOptions.Json();

    public LoadVerb()
        : base("load", "Send traffic to an OpenAI-compatible server and measure what its clients feel.",
            "load --clients 8 --requests 64", "load scenarios/chat-on-h100.yaml --url http://127.0.0.1:8000 --rate 2/s --duration 1min --out out/live",
            "load trace.csv --slo ttft=1s,tpot=50ms --goal 'p99(ttft) <= 2s' --json -")
    {
        _traffic.AddTo(this);
        _flags.AddTo(this);
        Add(_out);
        Add(_json);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "Open-loop traffic is sent at its scheduled times whatever is outstanding, and all times count from there: a server that falls behind cannot hide it. Prompts are real tokens of the stated "
        + "length; equal content of a trace is equal in prompts, so that prefix caches hit as the trace says. Answers have the stated length by max_tokens and ignore_eos. The result has the schema of "
        + "'simulate', so that 'diff' shows a measurement beside a simulation of the same scenario and seed. Exit code 1 when a goal is missed; Ctrl-C ends sending and keeps the results so far.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        string? folder = parsed.GetValue(_out);
        if (folder is not null && File.Exists(folder)) throw new InputException($"--out {folder}: this is a file; name a folder");
        if (_flags.RecordsRequests(parsed) && folder is null) throw new InputException("--record-requests needs a folder for its file; add --out DIR");
        JsonOutput.Prepare(json, terminal);
        TrafficScenario scenario = _traffic.Read(parsed);
        terminal.WatchInterrupt($"nothing more is sent, answers in flight get {LoadOptions.DefaultGrace}, and the results so far are kept");
        LoadResult load = MeasureAsync(parsed, scenario, folder, terminal).GetAwaiter().GetResult();
        RunResult result = load.Run().Result;
        if (folder is not null) OutputFile.WriteAllText(Path.Combine(folder, RunFolder.ResultFile), JsonText.Of(writer => load.Json(result).WriteTo(writer)));
        if (json is not null) JsonOutput.Write(load.Json(result), json, terminal);
        LoadText.Write(result, load, terminal);
        if (folder is not null) terminal.Output.WriteLine($"results: {Path.Combine(folder, RunFolder.ResultFile)}");
        if (result.IsPartial) return ExitCode.Interrupted;
        if (result.Requests is { Arrived: > 0, Finished: 0 })
        {
            terminal.Error.WriteLine("no request finished; the reasons are above");
            return ExitCode.GoalMissed;
        }
        return result.Expectations.All(outcome => outcome.IsMet) ? ExitCode.Done : ExitCode.GoalMissed;
    }

    private async Task<LoadResult> MeasureAsync(ParseResult parsed, TrafficScenario scenario, string? folder, Terminal terminal)
    {
        CancellationToken stop = terminal.Interrupted;
        bool sendsText = _flags.SendsText(parsed);
        using OpenAiServer server = _flags.Server(parsed);
        OfferedModel model = await server.FindModelAsync(_flags.Model(parsed), stop).ConfigureAwait(false);
        scenario = _traffic.Read(parsed, model.MaxTokens);
        LoadTraffic.RequireFits(scenario, model.Id, model.MaxTokens);
        RequestShape shape = _flags.Shape(parsed, model.Id);
        OpenAiClient client = new(server, shape, TimeProvider.System);
        (IPromptMaker prompts, string words) = await PromptsAsync(parsed, scenario, server, model, client, sendsText, stop).ConfigureAwait(false);
        using LoadFolder? rows = folder is null ? null : new(folder, _flags.RecordsRequests(parsed));
        using WatchedTraffic source = new(LoadTraffic.Open(scenario), shape.Adapters.Count, shape.SendsCalls);
        LoadOptions options = new()
        {
            Objective = scenario.Slo,
            Qoe = scenario.Qoe,
            Seed = scenario.Seed,
            MaxOutstanding = _flags.MaxOutstanding(parsed),
            Timeout = _flags.Timeout(parsed),
            WarmUp = LoadTraffic.WarmUp(scenario, _flags.WarmUp(parsed)),
            Left = rows is null ? null : rows.Add,
        };
        using LoadRun run = new(source, prompts, client, TimeProvider.System, options);
        LoadReport report;
        using (var line = new ProgressLine(terminal)) report = await WatchedAsync(run, line, terminal, stop).ConfigureAwait(false);
        rows?.Finish();
        return new(report, scenario, server.Url, shape, words) { WarmUp = options.WarmUp.Count, TrafficNotes = [.. TrafficNotes(source, scenario)] };
    }

    private async Task<(IPromptMaker Prompts, string Words)> PromptsAsync(
        ParseResult parsed, TrafficScenario scenario, OpenAiServer server, OfferedModel model, OpenAiClient client, bool sendsText, CancellationToken stop)
    {
        ulong seed = _flags.PromptSeed(parsed) ?? scenario.Seed;
        if (sendsText)
        {
            (TextPrompts text, WordScale scale) = await PromptSources.FromWordsAsync(client, server.Url, model.MaxTokens, seed, stop).ConfigureAwait(false);
            return (text, FormattableString.Invariant($"text prompts ({scale.PerWord:0.###} tokens per word and {scale.Overhead:0.#} of the server's own)"));
        }
        if (_flags.TokenizerFile(parsed) is { } file) return (PromptSources.FromFile(file, seed), "token prompts");
        return (await PromptSources.FromServerAsync(server, model.Id, seed, stop).ConfigureAwait(false), "token prompts");
    }

    /// <summary>Runs, and shows on a terminal where it stands.</summary>
    private static async Task<LoadReport> WatchedAsync(LoadRun run, ProgressLine line, Terminal terminal, CancellationToken stop)
    {
        Task<LoadReport> measuring = run.RunAsync(stop);
        if (terminal.ShowsProgress)
        {
            using PeriodicTimer looks = new(LookInterval);
            LoadProgress before = run.Progress;
            while (await Task.WhenAny(measuring, looks.WaitForNextTickAsync(CancellationToken.None).AsTask()).ConfigureAwait(false) != measuring)
            {
                LoadProgress now = run.Progress;
                // The clock starts anew behind the warm-up.
                if (now.Elapsed >= before.Elapsed) line.Say(LoadText.Progress(now, before));
                before = now;
            }
        }
        return await measuring.ConfigureAwait(false);
    }

    private static IEnumerable<string> TrafficNotes(WatchedTraffic source, TrafficScenario scenario)
    {
        if (source.CallsLeftOut > 0) yield return FormattableString.Invariant($"the tool calls of {source.CallsLeftOut:N0} requests were left out; --extensions sends them to a server that plays them");
        if (source.AdaptersLeftOut > 0) yield return FormattableString.Invariant($"the adapters of {source.AdaptersLeftOut:N0} requests have no name here, so the model itself was asked; name them with --adapters");
        if (source.Continued > 0) yield return $"{scenario.Traffic.Name}: later turns repeat earlier answers as drawn tokens, so a prefix cache can share prompts but not answers";
    }
}
