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

    /// <summary>Prompts and answers of traffic that flags alone describe, or half of what a smaller model holds (our choice, d).</summary>
    private const int BlankTokens = 128;

    private static readonly string[] BlankKeys = ["prompt", "output"];

    /// <summary>Requests of a generator that are looked at before the first is sent (our choice, d).</summary>
    private const int LookedAt = 64;

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
    /// <param name="modelTokens">Longest sequence of the model, for the lengths of traffic that is described by flags alone; null while it is not known.</param>
    public TrafficScenario Read(ParseResult parsed, int? modelTokens = null)
    {
        string? name = parsed.GetValue(_name);
        (Node root, string folder) = Tree(parsed, name, modelTokens);
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
        if (maxTokens is not { } most) return;
        using ITrafficSource source = Open(scenario);
        if (scenario.Traffic is not TraceSpec trace)
        {
            RequireSomeFit(source, scenario, model, most);
            return;
        }
        SourceDrain.ForEach(source, TrafficBlock.AssumedLatency, request =>
        {
            if ((long)request.PromptTokens + request.OutputTokens <= most) return;
            string label = request.Label ?? (request.Id + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            throw new InputException(
                $"{trace.Path}: request {label} has {request.PromptTokens} prompt and {request.OutputTokens} output tokens, and {model} holds {most}; leave such requests out of the trace, or serve the model with a longer context");
        });
    }

    /// <summary>A generator's lengths are drawn: it is refused where none of the first requests could run.</summary>
    private static void RequireSomeFit(ITrafficSource source, TrafficScenario scenario, string model, int most)
    {
        Request? longest = null;
        for (int i = 0; i < LookedAt && !source.NextArrival.IsNever; i++)
        {
            longest = source.Take();
            if ((long)longest.PromptTokens + longest.OutputTokens <= most) return;
        }
        if (longest is null) return;
        throw new InputException(
            $"{scenario.Name}: its requests have for example {longest.PromptTokens} prompt and {longest.OutputTokens} output tokens, and {model} holds {most}; write for example --set {Block}prompt={Math.Max(1, most / 2)} --set {Block}output={Math.Max(1, most / 4)}");
    }

    private (Node Root, string Folder) Tree(ParseResult parsed, string? name, int? modelTokens)
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
            root = Blank(rate is null, modelTokens);
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

    private static Node Blank(bool isClosed, int? modelTokens)
    {
        List<KeyValuePair<string, Node>> keys = [KeyValuePair.Create("generator", Node.Plain(isClosed ? "closed-loop" : "poisson"))];
        if (isClosed) keys.Add(KeyValuePair.Create("think", Node.Plain("0s")));
        int tokens = Math.Clamp((modelTokens ?? int.MaxValue) / 2, 1, BlankTokens);
        keys.AddRange(BlankKeys.Select(key => KeyValuePair.Create(key, Node.Plain(tokens.ToString(System.Globalization.CultureInfo.InvariantCulture)))));
        return Node.Map([KeyValuePair.Create("traffic", Node.Map(keys))]);
    }

    private static Node Apply(Node root, string key, string? value, Option flag) =>
        value is null ? root : Overrides.Apply(root, $"{Block}{key}={value}", flag.Name, value);
}
