using Orrery.Documents;
using Orrery.Serving.Routing;
using Orrery.Serving.Systems.Llumnix;

namespace Orrery.Serving.Systems;

/// <summary>Every router by name: the usual ones, then one line per published system.</summary>
public static class SystemRouters
{
    public static readonly PluginRegistry<RouterSpec> Registry = new(
        "router",
        [
            .. Routers.All,
            Plugin("llumnix", "The replica with the most free blocks per request, what waits there counted; without a rebalancer this is INFaaS++.",
                "Sun et al., OSDI 2024, arXiv 2406.03243 (b)", () => LlumnixRouterOptions.Set),
        ]);

    private static Plugin<RouterSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : RouterSpec, new() => new(name, summary, source, options);
}
