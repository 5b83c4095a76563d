using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Cli.Verbs;

/// <summary>What <c>load</c> sends and is held to: a scenario, a trace, a generator, or a few flags, with the requests that <c>simulate</c> would see.</summary>
internal sealed class LoadTraffic
{
    private const string BlankName = "load";
    private const string WarmUpStream = "warm-up";
    private const string Block = "traffic.";

    /// <summary>Traffic of flags alone: lengths that any model holds, and as many requests as a first look needs (our choice, d).</summary>
    private static readonly (string Key, string Value)[] BlankKeys = [("prompt", "128"), ("output", "128")];

    private const string BlankRequests = "100";

    private readonly Argument<string> _name = new("traffic")
    {
        HelpName = "SCENARIO|FILE|NAME",
        Description = "A scenario (.yaml), a trace, or a generator; default: 128 tokens in, 128 out, by the flags below.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _rate = new("--rate") { HelpName = "RATE", Description = "Requests at random times whatever is outstanding, such as 20/s; for traffic.rate." };
    private readonly Option<string> _clients = new("--clients") { HelpName = "N", Description = "Clients that each send when their last answer has come; for traffic.users." };
    private readonly Option<string> _requests = new("--requests") { HelpName = "N", Description = "How many requests; for traffic.requests, or traffic.limit of a trace." };
    private readonly Option<string> _duration = new("--duration") { HelpName = "TIME", Description = "How long requests arrive; for traffic.duration, or traffic.to of a trace." };
    private readonly Option<string> _slo = new("--slo") { HelpName = "KEY=VALUE,…", Description = "Limits per request, such as ttft=1s,tpot=50ms; default: the scenario's." };
    private readonly Option<string[]> _goal = new("--goal") { HelpName = "EXPR", Description = "A goal that decides the exit code, such as 'p99(gap) <= 200ms'; may be repeated." };
    private readonly Option<string[]> _set = CommonOptions.Set();
    private readonly Option<string> _seed = CommonOptions.Seed();

    public void AddTo(Command verb)
    {
        verb.Add(_name);
        foreach (Option option in new Option[] { _rate, _clients, _requests, _duration, _slo, _goal, _set, _seed }) verb.Add(option);
    }

    /// <summary>Reads and checks all of it.</summary>
    /// <exception cref="InputException">Any mistake of the user.</exception>
    public TrafficScenario Read(ParseResult parsed)
    {
        string? name = parsed.GetValue(_name);
        (Node root, string folder) = Tree(parsed, name);
        foreach (string assignment in parsed.GetValue(_set) ?? []) root = Overrides.Apply(root, assignment);
        foreach (string limit in CapacityVerb.SloOf(parsed.GetValue(_slo))) root = Overrides.Apply(root, $"slo.{limit}", "--slo", limit);
        Expectation[] goals = [.. (parsed.GetValue(_goal) ?? []).Select(goal => Expectation.Parse(goal, "--goal", RunMetricTable.Infos))];
        if (name is not null && root["traffic"] is { } block) TrafficBlock.RequireKeys(name, block, Block);
        TrafficScenario scenario = TrafficScenario.Read(root, folder, name is null ? BlankName : Path.GetFileNameWithoutExtension(name), CommonOptions.SeedOf(parsed, _seed));
        return scenario with { Expect = [.. scenario.Expect, .. goals] };
    }

    /// <summary>The requests, equal to those of a simulation of the same seed.</summary>
    public static ITrafficSource Open(TrafficScenario scenario) => scenario.Traffic.Open(RandomStream.Root(scenario.Seed).Split(Simulation.TrafficStream));

    /// <summary>Requests of the same kind that share nothing with those of the run.</summary>
    public static IReadOnlyList<Request> WarmUp(TrafficScenario scenario, int count)
    {
        using ITrafficSource source = scenario.Traffic.Open(RandomStream.Root(scenario.Seed).Split(WarmUpStream));
        List<Request> requests = [];
        while (requests.Count < count && !source.NextArrival.IsNever)
        {
            Request like = source.Take();
            requests.Add(new() { Id = -1 - requests.Count, Arrival = Instant.Zero, PromptTokens = like.PromptTokens, OutputTokens = like.OutputTokens });
        }
        return requests;
    }

    /// <summary>A trace is known before it is sent: one that the model could not hold is refused as a whole.</summary>
    /// <exception cref="InputException">A request is longer than the model's sequences.</exception>
    public static void RequireFits(TrafficScenario scenario, string model, int? maxTokens)
    {
        if (maxTokens is not { } most || scenario.Traffic is not TraceSpec trace) return;
        using ITrafficSource source = Open(scenario);
        SourceDrain.ForEach(source, TrafficBlock.AssumedLatency, request =>
        {
            if ((long)request.PromptTokens + request.OutputTokens <= most) return;
            string label = request.Label ?? (request.Id + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            throw new InputException(
                $"{trace.Path}: request {label} has {request.PromptTokens} prompt and {request.OutputTokens} output tokens, and {model} holds {most}; leave such requests out of the trace, or serve the model with a longer context");
        });
    }

    private (Node Root, string Folder) Tree(ParseResult parsed, string? name)
    {
        string? clients = parsed.GetValue(_clients);
        string? rate = parsed.GetValue(_rate);
        if (clients is not null && rate is not null) throw new InputException("--rate and --clients are two kinds of traffic: at set times, or after each answer; keep one of them");
        bool isScenario = name is not null && Path.GetExtension(name) is ".yaml" or ".yml";
        Node root;
        string folder = "";
        if (isScenario)
        {
            root = ScenarioReader.LoadTree(name!);
            folder = ScenarioReader.FolderOf(name!);
        }
        else if (name is not null)
        {
            (Node block, folder) = TrafficBlock.Find(name);
            root = Node.Map([KeyValuePair.Create("traffic", block)]);
        }
        else
        {
            root = Blank(rate is null);
        }
        bool isTrace = root["traffic"]?["file"] is not null && root["traffic"]?["generator"] is null;
        bool keepsTimes = isTrace && rate is null && root["traffic"]?["rate"] is null;
        root = Apply(root, "rate", rate, _rate);
        root = Apply(root, "users", clients ?? (name is null && rate is null ? "1" : null), _clients);
        if (clients is not null && root["traffic"]?["think"] is null) root = Apply(root, "think", "0s", _clients);
        bool isEndless = name is null && parsed.GetValue(_requests) is null && parsed.GetValue(_duration) is null;
        root = Apply(root, keepsTimes ? "limit" : "requests", parsed.GetValue(_requests) ?? (isEndless ? BlankRequests : null), _requests);
        return (Apply(root, keepsTimes ? "to" : "duration", parsed.GetValue(_duration), _duration), folder);
    }

    private static Node Blank(bool isClosed)
    {
        List<KeyValuePair<string, Node>> keys = [KeyValuePair.Create("generator", Node.Plain(isClosed ? "closed-loop" : "poisson"))];
        if (isClosed) keys.Add(KeyValuePair.Create("think", Node.Plain("0s")));
        keys.AddRange(BlankKeys.Select(key => KeyValuePair.Create(key.Key, Node.Plain(key.Value))));
        return Node.Map([KeyValuePair.Create("traffic", Node.Map(keys))]);
    }

    private static Node Apply(Node root, string key, string? value, Option flag) =>
        value is null ? root : Overrides.Apply(root, $"{Block}{key}={value}", flag.Name, value);
}
