using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Scheduling;

/// <summary>Which prompts share what: the tree against every choice there is, groups and their order by hand.</summary>
public sealed class PrefixGroupsTests
{
    /// <summary>The recurrence finds the best set of prefixes of which none begins another, each shared by everybody who has it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void TheChoiceIsTheBestOfAll(int unit)
    {
        int sharing = 0;
        int nested = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            PrefixTree tree = new(unit);
            List<string> prompts = [];
            int count = 2 + random.NextInt(6);
            for (int i = 0; i < count; i++)
            {
                TokenSpan[] spans = [.. Enumerable.Range(0, 1 + random.NextInt(3)).Select(_ => new TokenSpan((ulong)random.NextInt(2), 1 + random.NextInt(6)))];
                int length = 1 + random.NextInt(15);
                tree.Add(spans, length);
                string text = string.Concat(spans.Select(span => "abcdefABCDEF".Substring((int)span.ContentId * 6, span.Tokens)));
                prompts.Add(text[..Math.Min(length, text.Length)]);
            }
            (int[] groupOf, IReadOnlyList<int> prefixTokens) = tree.Choose();
            int saved = 0;
            for (int group = 0; group < prefixTokens.Count; group++)
            {
                string[] members = [.. prompts.Where((_, i) => groupOf[i] == group)];
                Assert.True(members.Length > 1 && prefixTokens[group] % unit == 0, $"seed {seed}");
                Assert.Single(members.Select(text => text[..prefixTokens[group]]).Distinct());
                saved += prefixTokens[group] * (members.Length - 1);
            }
            (int best, bool isNested) = BestOfAll(prompts, unit);
            Assert.True(best == saved, $"seed {seed}: {saved} saved of {best} by {string.Join(' ', prompts)}");
            if (best > 0) sharing++;
            if (isNested) nested++;
        }
        // The property would be empty without prefixes inside prefixes.
        Assert.True(sharing > 150 && nested > 40, $"{sharing} share, {nested} nested");
    }

    [Fact]
    public void ManyShallowSharersBeatFewDeepOnesByWhatTheySave()
    {
        // Four share 10 tokens, two of them 20: 30 against 20. With 40 tokens the deeper two win, and the others share nothing.
        Assert.Equal([10], Choose([(1, 10), (2, 10)], [(1, 10), (2, 10)], [(1, 10)], [(1, 10)]).Prefixes);
        (int[] groups, int[] prefixes) = Choose([(1, 10), (2, 30)], [(1, 10), (2, 30)], [(1, 10)], [(1, 10)]);
        Assert.Equal([40], prefixes);
        Assert.Equal([0, 0, -1, -1], groups);
        // A tie goes to the larger group.
        Assert.Equal([10], Choose([(1, 10), (2, 10)], [(1, 10), (2, 10)], [(1, 10)]).Prefixes);
    }

    [Fact]
    public void AdaptersShareNothingAndPromptsEndWhereTheyEnd()
    {
        PrefixTree tree = new(1);
        TokenSpan[] text = [new(5, 100)];
        tree.Add(text, 100, adapter: 0);
        tree.Add(text, 100, adapter: 1);
        tree.Add(text, 60, adapter: 1);
        (int[] groups, IReadOnlyList<int> prefixes) = tree.Choose();
        Assert.Equal([-1, 0, 0], groups);
        Assert.Equal([60], prefixes);
    }

    [Fact]
    public void GroupsKeepTheOrderOfTheirFirstMembers()
    {
        Sequence[] sequences = [Ask(0, 7, 64, 10), Ask(1, 8, 100, 10), Ask(2, 0, 0, 10), Ask(3, 8, 100, 20), Ask(4, 7, 64, 5), Ask(5, 9, 12, 3), Ask(6, 9, 12, 3)];
        List<PrefixGroup> groups = PrefixGroups.Find(sequences, 16);
        // Twelve common tokens fill no block of 16.
        Assert.Equal(["0 4", "1 3", "2", "5", "6"], groups.Select(group => string.Join(' ', group.Members.Select(member => member.Id))));
        Assert.Equal([64, 96, 0, 0, 0], groups.Select(group => group.PrefixTokens));
        Assert.Equal(sequences.Length, PrefixGroups.Apart(sequences).Count);
    }

    [Fact]
    public void MostDecodesForEachPromptTokenGoFirst()
    {
        Sequence[] sequences = [Ask(0, 7, 64, 16), Ask(1, 0, 0, 10), Ask(2, 7, 64, 16), Ask(3, 0, 0, 40), Ask(4, 0, 0, 10)];
        List<PrefixGroup> groups = PrefixGroups.Find(sequences, 16);
        // (24 + 24) / (64 + 16 + 16) = 0.5; 20/10, 20/40, 20/10 with 24 and 20 expected.
        double[] expected = [24, 20, 24, 20, 20];
        Assert.Equal(0.5, groups[0].DecodeRatio(member => expected[member.Id]));
        List<PrefixGroup> ordered = PrefixGroups.LongestDecodesFirst(groups, member => expected[member.Id]);
        Assert.Equal([1L, 4L, 0L, 3L], ordered.Select(group => group.Members[0].Id));
    }

    [Fact]
    public void TheForecastIsThePeakOfASimulation()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            List<(int Held, int Growth)> set = [.. Enumerable.Range(0, random.NextInt(80)).Select(_ => (random.NextInt(50), 1 + random.NextInt(20)))];
            KvForecast forecast = new();
            int later = random.NextInt(set.Count + 1);
            foreach ((int held, int growth) in set.Take(later)) forecast.Add(held, growth);
            forecast.Sort();
            foreach ((int held, int growth) in set.Skip(later)) forecast.Join(held, growth);
            (int Held, int Growth) extra = (random.NextInt(50), 1 + random.NextInt(20));
            set.Add(extra);
            long peak = Enumerable.Range(1, 20).Max(t => set.Where(s => s.Growth >= t).Sum(s => (long)s.Held + t));
            Assert.Equal(peak, forecast.PeakWith(extra.Held, extra.Growth));
        }
    }

    private static (int Best, bool IsNested) BestOfAll(List<string> prompts, int unit)
    {
        List<string> candidates = [];
        for (int i = 0; i < prompts.Count; i++)
        {
            for (int j = i + 1; j < prompts.Count; j++)
            {
                int common = 0;
                while (common < Math.Min(prompts[i].Length, prompts[j].Length) && prompts[i][common] == prompts[j][common]) common++;
                string head = prompts[i][..common];
                if (common > 0 && !candidates.Contains(head)) candidates.Add(head);
            }
        }
        int best = 0;
        bool isNested = candidates.Any(a => candidates.Any(b => a != b && b.StartsWith(a, StringComparison.Ordinal)));
        for (int mask = 0; mask < 1 << candidates.Count; mask++)
        {
            string[] chosen = [.. candidates.Where((_, i) => (mask >> i & 1) == 1)];
            if (chosen.Any(a => chosen.Any(b => a != b && b.StartsWith(a, StringComparison.Ordinal)))) continue;
            best = Math.Max(best, chosen.Sum(head => head.Length / unit * unit * (prompts.Count(text => text.StartsWith(head, StringComparison.Ordinal)) - 1)));
        }
        return (best, isNested);
    }

    private static (int[] Groups, int[] Prefixes) Choose(params (int Content, int Tokens)[][] prompts)
    {
        PrefixTree tree = new(1);
        foreach ((int Content, int Tokens)[] prompt in prompts)
            tree.Add([.. prompt.Select(span => new TokenSpan((ulong)span.Content, span.Tokens))], 1000);
        (int[] groups, IReadOnlyList<int> prefixes) = tree.Choose();
        return (groups, [.. prefixes]);
    }

    private static Sequence Ask(long id, ulong content, int prefix, int own) => new(
        new Request { Id = id, Arrival = Instant.Zero, PromptTokens = prefix + own, OutputTokens = 5, Content = prefix == 0 ? null : [new TokenSpan(content, prefix)] }, 1000, 0);
}
