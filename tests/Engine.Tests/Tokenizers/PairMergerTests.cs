using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Tests.Tokenizers;

/// <summary>The heap against the definition: look at all pairs, merge the best, begin again.</summary>
public sealed class PairMergerTests
{
    private readonly struct Table(Dictionary<(int, int), (uint Rank, int Merged)> pairs) : IPairs
    {
        public bool TryMerge(ReadOnlySpan<byte> text, int left, int right, int start, int end, out uint rank, out int merged)
        {
            bool isThere = pairs.TryGetValue((left, right), out (uint Rank, int Merged) pair);
            (rank, merged) = pair;
            return isThere;
        }
    }

    [Fact]
    public void The_heap_merges_as_the_definition_does()
    {
        // Few symbols and few ranks, so that ties and overlaps are common.
        Gen<(int[] Word, int[] Merges)> cases =
            from word in Gen.Choose(0, 2).ArrayOf()
            from merges in Gen.Choose(0, 6).ArrayOf(30)
            select (word, merges);
        Properties.Check(cases, one =>
        {
            var pairs = new Dictionary<(int, int), (uint, int)>();
            for (int i = 0; i + 2 < one.Merges.Length; i += 3) pairs.TryAdd((one.Merges[i], one.Merges[i + 1]), ((uint)one.Merges[i + 2] / 2, 3 + i / 3 % 4));
            return Heap(one.Word, pairs).SequenceEqual(Definition(one.Word, pairs));
        }, 500);
    }

    private static List<int> Heap(int[] word, Dictionary<(int, int), (uint, int)> pairs)
    {
        var merger = new PairMerger();
        for (int i = 0; i < word.Length; i++) merger.Add(word[i], i + 1);
        merger.Merge(new Table(pairs), new byte[word.Length]);
        var left = new List<int>();
        for (int symbol = 0; symbol < merger.Count; symbol = merger.After(symbol)) left.Add(merger.IdOf(symbol));
        return left;
    }

    private static List<int> Definition(int[] word, Dictionary<(int, int), (uint Rank, int Merged)> pairs)
    {
        List<int> symbols = [.. word];
        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                if (pairs.TryGetValue((symbols[i], symbols[i + 1]), out (uint Rank, int Merged) pair)
                    && (best < 0 || pair.Rank < pairs[(symbols[best], symbols[best + 1])].Rank)) best = i;
            }
            if (best < 0) return symbols;
            symbols[best] = pairs[(symbols[best], symbols[best + 1])].Merged;
            symbols.RemoveAt(best + 1);
        }
    }
}
