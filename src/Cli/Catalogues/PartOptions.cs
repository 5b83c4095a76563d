using Orrery.Documents;
using Orrery.Serving.Drafting;
using Orrery.Serving.Speculation;
using Orrery.Serving.Swap;

namespace Orrery.Cli.Catalogues;

/// <summary>Keys of a fleet entry that stand beside a plug-in's own options, for its page: the host pool of a KV memory, what a draft control steers.</summary>
internal static class PartOptions
{
    private const string Paper = "arXiv 2406.14066 (b)";

    /// <summary>Of every KV memory.</summary>
    public static IReadOnlyList<OptionInfo> HostSwap { get; } =
    [
        new("hostSwap", "size or mapping", "", "none", "", "a pool in host memory: preempted sequences are copied there and back instead of being computed again", "vLLM v0 (c)", []),
        .. Under("hostSwap", SwapOptions.Set.Options),
    ];

    private static IReadOnlyList<OptionInfo> Acceptance { get; } = Under("draft.acceptance", AcceptanceSpec.Set.Options);

    /// <summary>Every draft control with the keys beside it, and prompt lookup, which stands in the place of a draft model.</summary>
    public static Func<IReadOnlyList<PluginEntry>> Drafts(Func<IReadOnlyList<PluginEntry>> controls)
    {
        OptionInfo model = new(
            "draft.model", "model or ngram", "", "must be given", "", "what proposes: a model of the catalogue with the target's vocabulary, or ngram (prompt lookup)", Paper, []);
        OptionInfo search = new(
            "draft.searchTime", "time", "", Quantities.Format(DraftDesign.DefaultSearchTime.Seconds, Quantity.Duration), "", "ngram: the search in each step that runs one", Paper, []);
        IReadOnlyList<OptionInfo> ofModels = [model, .. Acceptance.Where(option => !option.Key.EndsWith(".match", StringComparison.Ordinal))];
        return () =>
        [
            .. controls().Select(entry => entry with { Options = [.. entry.Options, .. ofModels] }),
            new PluginEntry("ngram", "Not a control but 'draft: {model: ngram}': proposals continue n-grams that the context has already.", Paper, [.. Acceptance, search]),
        ];
    }

    private static IReadOnlyList<OptionInfo> Under(string key, IReadOnlyList<OptionInfo> options) =>
        [.. options.Select(option => option with { Key = $"{key}.{option.Key}" })];
}
