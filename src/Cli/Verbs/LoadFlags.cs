using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Live.Load;

namespace Orrery.Cli.Verbs;

/// <summary>Flags of <c>load</c> that say where and how requests are sent; those of the traffic are in <see cref="LoadTraffic"/>.</summary>
internal sealed class LoadFlags
{
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Enough to open connections and touch the model's pages; few enough to wait for (our choice, d).</summary>
    public const int DefaultWarmUp = 4;

    private const int MostWarmUp = 100_000;

    private readonly Option<string> _url = new("--url") { HelpName = "URL", Description = $"The server, with or without /v1; default: {DefaultUrl}." };

    private readonly Option<string> _model = new("--model", "-m") { HelpName = "ID", Description = "The model's name there; default: the only one it offers." };

    private readonly Option<string> _apiKeyEnv = new("--api-key-env") { HelpName = "NAME", Description = "The environment variable that holds the API key." };

    private readonly Option<string> _endpoint = new("--endpoint") { HelpName = "completions|chat", Description = "Where prompts are sent; default: completions." };

    private readonly Option<string> _prompts = new("--prompts") { HelpName = "tokens|text", Description = "Token numbers of exact length, or words; default: tokens, for chats text." };

    private readonly Option<string> _tokenizer = new("--tokenizer") { HelpName = "GGUF|server", Description = "Whose vocabulary token prompts are drawn from; default: server, by its /tokenize." };

    private readonly Option<string> _warmUp = new("--warmup") { HelpName = "N", Description = string.Create(CultureInfo.InvariantCulture, $"Requests that are sent first and not counted; default: {DefaultWarmUp}.") };

    private readonly Option<string> _maxOutstanding = new("--max-outstanding") { HelpName = "N", Description = string.Create(CultureInfo.InvariantCulture, $"Requests in flight beyond which one is counted as not sent; default: {LoadOptions.DefaultMaxOutstanding}.") };

    private readonly Option<string> _timeout = new("--timeout") { HelpName = "TIME", Description = "Clients give up this long after a request's arrival; default: 10min, or what the trace says." };

    private readonly Option<string> _adapters = new("--adapters") { HelpName = "NAME,…", Description = "Model names of the adapters 0, 1, … that a trace asks for." };

    private readonly Option<bool> _extensions = new("--extensions") { Description = "Send tool calls of the traffic as orrery_calls, which an Orrery server plays." };

    private readonly Option<bool> _noIgnoreEos = new("--no-ignore-eos") { Description = "For servers that refuse ignore_eos: answers may end before the stated length." };

    private readonly Option<string> _extra = new("--extra") { HelpName = "JSON", Description = "Further fields of each request, such as '{\"temperature\": 0}'." };

    private readonly Option<string> _promptSeed = new("--prompt-seed") { HelpName = "N", Description = "Another seed for what stands in prompts, so that caches know nothing of an earlier run; default: the seed." };

    private readonly Option<bool> _recordRequests = new("--record-requests") { Description = "With --out: also write traffic.csv, a trace of what was sent and how long answers were." };

    public void AddTo(Command verb)
    {
        foreach (Option option in new Option[]
        {
            _url, _model, _apiKeyEnv, _endpoint, _prompts, _tokenizer, _warmUp, _maxOutstanding, _timeout, _adapters, _extensions, _noIgnoreEos, _extra, _promptSeed, _recordRequests,
        }) verb.Add(option);
    }

    /// <summary>The server to measure.</summary>
    /// <exception cref="InputException">No address, or the variable of the key is empty.</exception>
    public OpenAiServer Server(ParseResult parsed)
    {
        string? key = null;
        if (parsed.GetValue(_apiKeyEnv) is { } variable)
        {
            key = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrEmpty(key)) throw new InputException($"--api-key-env {variable}: the environment has no such variable; set it to the key, and give its name here");
        }
        return new(parsed.GetValue(_url) ?? DefaultUrl, key);
    }

    public string? Model(ParseResult parsed) => parsed.GetValue(_model);

    public LoadEndpoint Endpoint(ParseResult parsed) =>
        OneOf(parsed, _endpoint, ["completions", "chat"]) == "chat" ? LoadEndpoint.Chat : LoadEndpoint.Completions;

    /// <summary>True where prompts are words.</summary>
    /// <exception cref="InputException">Tokens for a chat, or a tokenizer for words.</exception>
    public bool SendsText(ParseResult parsed)
    {
        string? kind = OneOf(parsed, _prompts, ["tokens", "text"]);
        bool isChat = Endpoint(parsed) == LoadEndpoint.Chat;
        if (isChat && kind == "tokens") throw new InputException("--prompts tokens: a chat takes text; leave the flag out, or use --endpoint completions");
        bool isText = isChat || kind == "text";
        if (isText && parsed.GetValue(_tokenizer) is not null) throw new InputException("--tokenizer is for token prompts; words are counted by the server's own usage, so leave it out");
        return isText;
    }

    /// <summary>A model file, or null to ask the server.</summary>
    public string? TokenizerFile(ParseResult parsed) => parsed.GetValue(_tokenizer) is { } named && named != "server" ? named : null;

    public int WarmUp(ParseResult parsed) => FlagNumbers.Whole(parsed, _warmUp, 0, MostWarmUp) ?? DefaultWarmUp;

    public int MaxOutstanding(ParseResult parsed) => FlagNumbers.Whole(parsed, _maxOutstanding, 1) ?? LoadOptions.DefaultMaxOutstanding;

    /// <exception cref="InputException">No time longer than zero.</exception>
    public Duration Timeout(ParseResult parsed)
    {
        if (parsed.GetValue(_timeout) is not { } text) return LoadOptions.DefaultTimeout;
        if (!Quantities.TryParse(text, Quantity.Duration, out double seconds, out string? problem)) throw new InputException($"--timeout {text}: {problem}");
        return seconds > 0 && seconds <= LoadOptions.LongestTimeout.Seconds
            ? Duration.FromSeconds(seconds)
            : throw new InputException($"--timeout {text}: it is longer than 0s and at most 24h");
    }

    public bool RecordsRequests(ParseResult parsed) => parsed.GetValue(_recordRequests);

    public ulong? PromptSeed(ParseResult parsed) => parsed.GetValue(_promptSeed) is not { } text ? null
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed
        : throw new InputException($"--prompt-seed: '{text}' is not a whole number from 0 to {ulong.MaxValue}");

    /// <summary>How requests look.</summary>
    /// <exception cref="InputException">Further fields that are no JSON object.</exception>
    public RequestShape Shape(ParseResult parsed, string model) => new()
    {
        Model = model,
        Endpoint = Endpoint(parsed),
        Adapters = parsed.GetValue(_adapters)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
        IgnoresEnd = !parsed.GetValue(_noIgnoreEos),
        SendsCalls = parsed.GetValue(_extensions),
        Extra = parsed.GetValue(_extra) is { } extra ? RequestShape.ReadExtra(extra) : null,
    };

    private static string? OneOf(ParseResult parsed, Option<string> option, string[] known)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        return known.Contains(text) ? text : throw new InputException($"{option.Name} {text}: there is no such choice{Names.Suggest(text, known)}");
    }
}
