using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Documents;
using Orrery.Engine.Shipped;
using Orrery.Kernel;
using Orrery.Live.Settings;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems;

namespace Orrery.Cli.Verbs;

/// <summary>Flags of <c>serve</c>, which refine a serving file or stand alone.</summary>
internal sealed class ServeFlags
{
    private const int LargestPort = 65_535;
    private const int MostThreads = 64;

    private readonly Argument<string?> _file = new("file") { HelpName = "FILE", Description = "A serving file (YAML).", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string[]> _models = new("--model", "-m") { HelpName = "GGUF", Description = $"A model file, served under its name; may be repeated; default: {ShippedModel.Name}." };
    private readonly Option<string> _scheduler = new("--scheduler") { HelpName = "NAME", Description = "Who decides the steps of every model; default: the file's, or vllm-v1." };
    private readonly Option<string> _host = new("--host") { HelpName = "ADDRESS", Description = $"Address to listen on; default {ServeSettings.DefaultHost}." };
    private readonly Option<string> _port = new("--port") { HelpName = "N", Description = $"Port; 0 takes a free one; default {ServeSettings.DefaultPort}." };
    private readonly Option<string> _context = new("--context") { HelpName = "TOKENS", Description = "Longest sequence of every model; default: the model's own." };
    private readonly Option<string> _kvMemory = new("--kv-memory") { HelpName = "SIZE", Description = "Memory for keys and values per model, such as 2GiB." };
    private readonly Option<string> _threads = new("--threads") { HelpName = "N", Description = "Threads of the engine; default: one per processor." };
    private readonly Option<string> _keys = new("--api-key-file") { HelpName = "FILE", Description = $"API keys, one per line, as name:key or the key alone (also: the variable {KeySettings.UsualEnvironment})." };
    private readonly Option<bool> _anonymous = new("--allow-anonymous") { Description = "Let other machines ask without a key." };
    private readonly Option<string> _requests = new("--max-requests") { HelpName = "N", Description = "Answers of a model under way, waiting ones included; the rest gets 429." };
    private readonly Option<string> _drain = new("--drain") { HelpName = "TIME", Description = "Time that running answers get when the server stops; default 30s." };
    private readonly Option<string> _record = new("--record") { HelpName = "FILE", Description = "Write a tape of arrivals, decisions and durations for 'orrery replay'." };

    private readonly Option<string> _stepTimes = new("--step-times") { HelpName = "SCENARIO", Description = "What steps of the model take here, for policies that look ahead: the scenario.yaml of 'calibrate --engine MODEL --out DIR'." };
    private readonly Option<string> _traces = new("--traces") { HelpName = "URL", Description = "Send a span of each request to this OpenTelemetry collector (OTLP over HTTP), such as http://127.0.0.1:4318." };

    public void AddTo(Command command)
    {
        command.Add(_file);
        foreach (Option option in new Option[] { _models, _scheduler, _host, _port, _context, _kvMemory, _threads, _keys, _anonymous, _requests, _drain, _record, _stepTimes, _traces }) command.Add(option);
    }

    /// <exception cref="InputException">A flag or the file is wrong.</exception>
    public ServeSettings Read(ParseResult parsed)
    {
        ServeSettings settings = parsed.GetValue(_file) is { } file ? ServeReader.Load(file) : new() { Models = [new() { Id = ShippedModel.Name }] };
        string[] models = parsed.GetValue(_models) ?? [];
        if (models.Length > 0)
        {
            if (parsed.GetValue(_file) is not null) throw new InputException("--model and a serving file exclude each other; write the model into the file");
            settings = settings with { Models = [.. models.Select(ModelOf)] };
        }
        SchedulerSpec? scheduler = parsed.GetValue(_scheduler) is { } name ? SchedulerOf(name) : null;
        string? stepTimes = parsed.GetValue(_stepTimes);
        if (stepTimes is not null && settings.Models.Count != 1) throw new InputException("--step-times is of one model; write stepTimes: into the serving file, for each its own");
        if (stepTimes is not null && !File.Exists(stepTimes)) throw new InputException($"--step-times {stepTimes}: there is no such file");
        int? context = FlagNumbers.Whole(parsed, _context, 2);
        int? threads = FlagNumbers.Whole(parsed, _threads, 1, Math.Max(MostThreads, Environment.ProcessorCount));
        ModelSettings[] refined =
        [
            .. settings.Models.Select(model => model with
            {
                Scheduler = scheduler ?? model.Scheduler,
                ContextLength = context ?? model.ContextLength,
                Threads = threads ?? model.Threads,
                StepTimes = stepTimes ?? model.StepTimes,
                KvMemory = parsed.GetValue(_kvMemory) is { } size ? Value("--kv-memory", size).AsBytes() : model.KvMemory,
            }),
        ];
        return settings with
        {
            Models = refined,
            Host = parsed.GetValue(_host) ?? settings.Host,
            Port = FlagNumbers.Whole(parsed, _port, 0, LargestPort) ?? settings.Port,
            AllowAnonymous = settings.AllowAnonymous || parsed.GetValue(_anonymous),
            Keys = parsed.GetValue(_keys) is { } keys ? new(keys) : settings.Keys,
            Limits = FlagNumbers.Whole(parsed, _requests, 1) is { } most ? settings.Limits with { Requests = most } : settings.Limits,
            Drain = parsed.GetValue(_drain) is { } drain ? Value("--drain", drain).AsDuration() : settings.Drain,
            Record = parsed.GetValue(_record) ?? settings.Record,
            Traces = parsed.GetValue(_traces) is { } traces
                ? ServeReader.CollectorOf(traces) ?? throw new InputException($"--traces: '{traces}' is no address of a collector; write for example http://127.0.0.1:4318")
                : settings.Traces,
        };
    }

    /// <summary>Why a scheduler cannot run here is the catalogue's sentence.</summary>
    /// <exception cref="InputException">A model asks for a scheduler that cannot run live.</exception>
    public static void RequireLive(ServeSettings settings)
    {
        foreach (ModelSettings model in settings.Models)
        {
            if (model.Scheduler.WhyNotLive is not { } why) continue;
            string name = Schedulers.Registry.All.First(plugin => plugin.Made(model.Scheduler)).Name;
            throw new InputException($"the scheduler {name} does not run live: {why}; 'orrery catalog schedulers' lists those that do");
        }
    }

    private static ModelSettings ModelOf(string path)
    {
        if (path == ShippedModel.Name && !File.Exists(path)) return new() { Id = ShippedModel.Name };
        return File.Exists(path) ? new() { File = path } : throw new InputException($"--model {path}: there is no such file");
    }

    private static SchedulerSpec SchedulerOf(string name)
    {
        try
        {
            return Schedulers.Registry.Find(name).Default;
        }
        catch (InputException unknown)
        {
            throw new InputException($"--scheduler: {unknown.Message}", unknown);
        }
    }

    private static Node Value(string flag, string text) => Document.Parse(text, flag);
}
