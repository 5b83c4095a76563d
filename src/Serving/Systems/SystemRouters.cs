using Orrery.Documents;
using Orrery.Serving.Routing;
using Orrery.Serving.Systems.DistServe;
using Orrery.Serving.Systems.Llumnix;
using Orrery.Serving.Systems.Splitwise;

namespace Orrery.Serving.Systems;

/// <summary>Every router of a fleet by name: the general ones, then one line per published system that has its own.</summary>
public static class SystemRouters
{
    public static readonly PluginRegistry<RouterSpec> Registry = new(
        Routers.Registry.Kind,
        [
            .. Routers.Registry.All,
            new Plugin<RouterSpec, DistServeRouterOptions>("distserve", "Prompts where the fewest requests are, decodes where the fewest wait.",
                "Zhong et al., OSDI 2024, arXiv 2401.09670", () => DistServeRouterOptions.Set),
            new Plugin<RouterSpec, SplitwiseRouterOptions>("splitwise", "Prompt, token and mixed pools that borrow from one another.",
                "Patel et al., ISCA 2024, arXiv 2311.18677", () => SplitwiseRouterOptions.Set),
            new Plugin<RouterSpec, LlumnixRouterOptions>("llumnix", "The replica with the most free blocks per request, what waits there counted; without a rebalancer this is INFaaS++.",
                "Sun et al., OSDI 2024, arXiv 2406.03243 (b)", () => LlumnixRouterOptions.Set),
        ]);
}
