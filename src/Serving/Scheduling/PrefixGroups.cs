using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>Sequences that share the head of their prompts and are to run together.</summary>
/// <param name="PrefixTokens">Leading tokens that all of them have in common, in whole blocks; 0 for one that shares nothing.</param>
/// <param name="Members">In the order in which they came.</param>
public sealed record PrefixGroup(int PrefixTokens, IReadOnlyList<Sequence> Members)
{
    /// <summary>R = Σ expected output / (prefix + Σ suffixes): decode tokens for each prompt token that must be computed.</summary>
    /// <param name="expectedOutputTokens">Of one member; a prediction, never the truth.</param>
    public double DecodeRatio(Func<Sequence, double> expectedOutputTokens)
    {
        double output = 0;
        long prompt = PrefixTokens;
        foreach (Sequence member in Members)
        {
            output += expectedOutputTokens(member);
            prompt += member.PromptTokens - PrefixTokens;
        }
        // A prompt that is nothing but the prefix still computes its last token.
        return output / Math.Max(1, prompt);
    }
}

/// <summary>Plans a set of sequences that are all known before any of them runs: who shares what with whom, and which group goes first.</summary>
public static class PrefixGroups
{
    /// <summary>One prefix at most for each sequence, chosen over all of them (<see cref="PrefixTree"/>); groups in order of their first member.</summary>
    /// <param name="blockTokens">Tokens of a KV block: shorter common heads cannot be shared.</param>
    public static List<PrefixGroup> Find(IReadOnlyList<Sequence> sequences, int blockTokens)
    {
        PrefixTree tree = new(blockTokens);
        foreach (Sequence sequence in sequences) tree.Add(sequence.PromptSpans, sequence.PromptTokens, sequence.Adapter);
        (int[] groupOf, IReadOnlyList<int> prefixTokens) = tree.Choose();
        List<Sequence>?[] members = new List<Sequence>?[prefixTokens.Count];
        List<PrefixGroup> groups = [];
        for (int i = 0; i < sequences.Count; i++)
        {
            int group = groupOf[i];
            if (group >= 0 && members[group] is { } known)
            {
                known.Add(sequences[i]);
                continue;
            }
            List<Sequence> first = [sequences[i]];
            groups.Add(new(group < 0 ? 0 : prefixTokens[group], first));
            if (group >= 0) members[group] = first;
        }
        return groups;
    }

    /// <summary>Every sequence for itself.</summary>
    public static List<PrefixGroup> Apart(IReadOnlyList<Sequence> sequences) => [.. sequences.Select(sequence => new PrefixGroup(0, [sequence]))];

    /// <summary>
    /// Highest <see cref="PrefixGroup.DecodeRatio"/> first, so that those who decode long are under way while there are still prompts to
    /// mix with their decodes. Ties keep their order.
    /// </summary>
    public static List<PrefixGroup> LongestDecodesFirst(IEnumerable<PrefixGroup> groups, Func<Sequence, double> expectedOutputTokens) =>
        [.. groups.OrderByDescending(group => group.DecodeRatio(expectedOutputTokens))];
}
