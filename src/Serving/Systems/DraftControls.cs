using Orrery.Documents;
using Orrery.Serving.Drafting;
using Orrery.Serving.Systems.SmartSpec;

namespace Orrery.Serving.Systems;

/// <summary>Every controller of drafts by name: any of them over any scheduler, with a draft model or with prompt lookup.</summary>
public static class DraftControls
{
    /// <summary>What a draft without <c>control:</c> uses.</summary>
    public const string Usual = "fixed";

    public static readonly PluginRegistry<DraftControlSpec> Registry = new(
        "draft control",
        new Plugin<DraftControlSpec, FixedDraftsOptions>(Usual, "The same number of proposed tokens for every decode of every step.", "Leviathan et al., ICML 2023 (c)", () => FixedDraftsOptions.Set),
        new Plugin<DraftControlSpec, SmartSpecOptions>("smartspec", "As many as promise the most accepted tokens per second, none under load.", "SmartSpec, arXiv 2406.14066", () => SmartSpecOptions.Set));
}
