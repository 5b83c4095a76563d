using Orrery.Documents;
using Orrery.Serving.Lending;
using Orrery.Serving.Systems.InfiniteLlm;

namespace Orrery.Serving.Systems;

/// <summary>Every way to lend KV memory between replicas by name.</summary>
public static class Lenders
{
    public static readonly PluginRegistry<LendingSpec> Registry = new(
        "lending",
        new Plugin<LendingSpec, InfiniteLlmOptions>("infinite-llm", "Replicas short of KV memory write and attend to KV at replicas that have some to spare.",
            "Lin et al., arXiv 2401.02669 (a), reconstructed (c)", () => InfiniteLlmOptions.Set));
}
