namespace Orrery.Traffic.Catalogue;

/// <summary>One key of a generator.</summary>
/// <param name="Example">A value as a scenario writes it.</param>
/// <param name="Default">What holds without the key; null: the key is required.</param>
public sealed record GeneratorKey(string Key, string Example, string? Default, string Doc);

/// <summary>A generator as the catalogue shows it.</summary>
/// <param name="Name">What <c>generator:</c> takes.</param>
/// <param name="Doc">One sentence.</param>
/// <param name="Source">Where the model comes from.</param>
/// <param name="Keys">Its own keys; every generator also takes <see cref="CommonKeys"/>.</param>
public sealed record GeneratorInfo(string Name, string Doc, string Source, IReadOnlyList<GeneratorKey> Keys)
{
    /// <summary>The one generator that reads a file.</summary>
    internal const string ServeGen = "servegen";

    private static readonly GeneratorKey RateKey = new("rate", "20/s", null, "mean requests per second");
    private static readonly GeneratorKey CvKey = new("cv", "3", null, "coefficient of variation of the gaps");
    private static readonly GeneratorKey[] LengthKeys =
    [
        new("prompt", "{lognormal: {median: 512, sigma: 0.8, min: 16, max: 2048}}", null, "prompt tokens: a number or a distribution"),
        new("output", "{lognormal: {median: 128, sigma: 0.8, min: 4, max: 1024}}", null, "output tokens: a number or a distribution"),
    ];

    /// <summary>Keys of every generator.</summary>
    public static IReadOnlyList<GeneratorKey> CommonKeys { get; } =
    [
        new("requests", "10000", "no limit", "end after this many requests"),
        new("duration", "10min", "no limit", "no arrival at or after this time; requests or duration is needed"),
        new("clients", "{count: 100, skew: 1}", "one client", "client mix: a list of {name, weight, priority} or a Zipf family"),
        new("priorities", "[{priority: 0, weight: 0.1}, {priority: 1, weight: 0.9}]", "all 0", "priority mix; lower is more urgent"),
        new("prefixGroups", "{count: 8, tokens: 1000, skew: 1, share: 0.8}", "nothing shared", "common texts in front of prompts"),
        new("adapters", "{count: 16, skew: 1, share: 1}", "none", "adapters and their Zipf popularity"),
        new("calls", "{count: 3, tokens: 60, duration: {exponential: {mean: 2s}}, return: 24}", "none",
            "tool calls of a request: how many, output tokens before each, time, tokens returned (0); 'output' follows the last; not for sessions, prefix-tree and shared-prefix-job"),
        new("maxTokens", "1024", "the model's limit", "output tokens that clients ask for at most"),
        new("timeout", "60s", "never", "requests not finished by then count as timed out"),
        new("patience", "{exponential: {mean: 30s}}", "never", "time after which the user leaves"),
    ];

    /// <summary>The processes and models; fitted generators are in <see cref="FittedTraffic"/>.</summary>
    public static IReadOnlyList<GeneratorInfo> All { get; } =
    [
        new("poisson", "Independent arrivals at a constant mean rate", "Poisson process", [RateKey, .. LengthKeys]),
        new("constant", "Equal gaps between arrivals", "deterministic arrivals", [RateKey, .. LengthKeys]),
        new("gamma", "Gamma gaps: bursts above CV 1, regular below",
            "renewal process with gamma gaps, the usual burst model of serving papers", [RateKey, CvKey, .. LengthKeys]),
        new("weibull", "Weibull gaps: heavier tails than gamma at the same CV", "renewal process with Weibull gaps (ServeGen)",
            [RateKey, CvKey, .. LengthKeys]),
        new("mmpp", "Poisson arrivals whose rate jumps between states", "Markov-modulated Poisson process",
            [RateKey, new("states", "[{factor: 1, stay: 60s}, {factor: 5, stay: 10s}]", null,
                "relative rate and mean stay of each state"), .. LengthKeys]),
        new("on-off", "Poisson arrivals while on, silence while off", "interrupted Poisson process",
            [RateKey, new("on", "10s", null, "mean stay in the on state"), new("off", "30s", null, "mean stay in the off state"),
                .. LengthKeys]),
        new("diurnal", "Poisson arrivals that follow the hour of the day", "thinning, Lewis and Shedler 1979",
            [RateKey, new("hours", "24 factors", "a sine", "relative rate of each hour"),
                new("peak", "1.5", "1.5", "highest rate over the mean, for the sine"),
                new("peakHour", "15", "15", "hour of the peak, for the sine"),
                    new("startHour", "8", "0", "hour at which the traffic starts"), .. LengthKeys]),
        new("profile", "A relative rate per window with gamma, Weibull or exponential gaps inside; repeats",
            "renewal process in operational time",
            [RateKey, new("window", "60s", null, "length of a window"), new("factors", "[1, 2, 0.5]", null, "relative rates"),
                new("gaps", "{family: gamma, cv: 2}", "exponential", "gap family"), .. LengthKeys]),
        new("closed-loop", "A fixed number of users, each with one request at a time and think time between", "closed queueing network",
            [new("users", "64", null, "number of users"), new("think", "{exponential: {mean: 5s}}", null, "think time"), .. LengthKeys]),
        new("sessions", "Conversations whose prompts repeat the history, with shared system prompts", "multi-turn chat model",
            [new("rate", "1/s", null, "sessions (not requests) per second"),
                new("turns", "{choice: {values: [1, 2, 3], weights: [5, 3, 2]}}", null, "turns of a session"),
                new("think", "20s", null, "pause between answer and next turn"),
                new("system", "{tokens: 500, count: 4, skew: 1}", "none", "system prompts"),
                    new("maxContextTokens", "8192", "no limit", "a session ends before exceeding it"),
                new("openLoop", "true", "false", "space turns from arrival to arrival"), .. LengthKeys]),
        new("prefix-tree", "Recorded-like conversations over hashed blocks (what mooncake-conversation is fitted with)",
            "prefix-tree model of this project",
            [RateKey, new("window", "60s", null, "length of a rate window"),
                new("factors", "[1]", null, "relative rates of session starts"),
                new("turnWeights", "[0.7, 0.2, 0.1]", null, "weights of 1, 2, 3 … turns"),
                new("turnGapSeconds", "{levels: […], values: […]}", null, "gap between turns"),
                    new("first", "{levels, prompt, outputByPromptBin}", null, "lengths of first turns"),
                new("next", "{levels, prompt, outputByPromptBin}", null, "new tokens and outputs of further turns"),
                    new("keptShare", "{levels: […], values: […]}", null, "share of the previous prompt's blocks that a turn keeps"),
                new("blockTokens", "512", "512", "tokens of a block"), new("rootBlocks", "1", "0", "blocks that all prompts share"),
                    new("tick", "3s", "exact", "ticks of the recorder's clock")]),
        new("shared-prefix-job", "An offline job: several queries to each of many documents, all present at the start", "offline jobs as in BatchLLM",
            [new("documents", "100", null, "number of documents"), new("degree", "8", null, "queries to a document: a number or a distribution"),
                new("prefix", "2000", null, "tokens of a document, in front of its queries: a number or a distribution"),
                new("order", "sorted", "shuffled", "shuffled, or sorted by document; the same requests"),
                .. LengthKeys]),
        new("many-clients", "The sum of heavy and light clients, each with its own bursts, wandering rate and lengths (what servegen-m-mid is fitted with)", "ServeGen's client decomposition",
            [RateKey, new("window", "600s", null, "length of a rate window"),
                new("factors", "[1]", null, "relative rates that all clients share"),
                new("members", "[{name, count, share, gaps, rateSigma, activity, prompt, output, calls}]", null,
                    "clients and groups of alike clients")]),
        new(ServeGen, "Clients drawn anew from ServeGen statistics files", "ServeGen (Alibaba Cloud Model Studio)",
            [new("file", "m-mid-rates.csv.gz", null, "the rates file, its lengths beside it, or the folder"),
                RateKey with { Default = "the service's own" }]),
    ];

    /// <summary>Names of processes, models and fitted generators.</summary>
    public static IReadOnlyList<string> AllNames { get; } = [.. All.Select(g => g.Name), .. FittedTraffic.Names];

    public static GeneratorInfo? Find(string name) => All.FirstOrDefault(g => g.Name == name);
}
