using Orrery.Documents;

namespace Orrery.Serving.Routing;

/// <summary>Routers that are no published system of their own.</summary>
public static class Routers
{
    public static readonly IReadOnlyList<Plugin<RouterSpec>> All =
    [
        Plugin("random", "Any replica with equal chance, fixed per request.",
            "textbook", () => RandomRouterOptions.Set),
        Plugin("round-robin", "One replica after the other.",
            "textbook", () => RoundRobinOptions.Set),
        Plugin("least-loaded", "The replica with the fewest live requests.",
            "textbook (join the shortest queue)", () => LeastLoadedOptions.Set),
        Plugin("least-tokens", "The replica with the fewest prompt and output tokens of live requests.",
            "textbook (least work, as far as it is known)", () => LeastTokensOptions.Set),
        Plugin("power-of-two", "The less loaded of two replicas drawn per request.",
            "Mitzenmacher, IEEE TPDS 2001", () => PowerOfTwoOptions.Set),
        Plugin("prefix-aware", "The replica whose cache holds most of the prompt, unless the fleet is out of balance.",
            "SGLang router, cache-aware policy (c)", () => PrefixAwareOptions.Set),
    ];

    /// <summary>The same by name: for whoever has nothing but counts of requests to route by.</summary>
    public static readonly PluginRegistry<RouterSpec> Registry = new("router", [.. All]);

    private static Plugin<RouterSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : RouterSpec, new() => new(name, summary, source, options);
}
