using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

public sealed class PrefixCachedMemoryTests
{
    private const int BlockTokens = 16;

    [Fact]
    public void SharedPrefixIsFoundInWholeBlocks()
    {
        PrefixCachedMemory memory = new(100, BlockTokens);
        Sequence first = NewSequence(0, 1000 + 40, [new TokenSpan(7, 1000)]);
        Sequence second = NewSequence(1, 1000 + 40, [new TokenSpan(7, 1000)]);
        Assert.True(memory.TryGrow(first, 1040));
        // 1000 tokens are 62 full blocks and a bit.
        Assert.Equal(62 * BlockTokens, memory.CachedTokens(second));
        Assert.True(memory.TryGrow(second, 1040));
        Assert.Equal(62 * BlockTokens, second.ComputedTokens);
        Assert.Equal(100 - 65 - 3, memory.FreeBlocks);
    }

    [Fact]
    public void FullyCachedPromptRecomputesItsLastToken()
    {
        PrefixCachedMemory memory = new(100, BlockTokens);
        Sequence first = NewSequence(0, 64, [new TokenSpan(7, 64)]);
        Assert.True(memory.TryGrow(first, 64));
        Assert.Equal(48, memory.CachedTokens(NewSequence(1, 64, [new TokenSpan(7, 64)])));
    }

    [Fact]
    public void DifferentContentSharesOnlyTheCommonHead()
    {
        PrefixCachedMemory memory = new(100, BlockTokens);
        Assert.True(memory.TryGrow(NewSequence(0, 200, [new TokenSpan(1, 64), new TokenSpan(2, 64)]), 200));
        Assert.Equal(64, memory.CachedTokens(NewSequence(1, 200, [new TokenSpan(1, 64), new TokenSpan(3, 64)])));
        Assert.Equal(128, memory.CachedTokens(NewSequence(2, 200, [new TokenSpan(1, 64), new TokenSpan(2, 64)])));
        // The same spans cut elsewhere are other tokens.
        Assert.Equal(0, memory.CachedTokens(NewSequence(3, 200, [new TokenSpan(2, 64), new TokenSpan(1, 64)])));
    }

    [Fact]
    public void OutputOfATurnIsThePrefixOfTheNext()
    {
        PrefixCachedMemory memory = new(100, BlockTokens);
        Request turn = new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 40, OutputTokens = 60, Content = [new TokenSpan(1, 40)], OutputContentId = 9 };
        Sequence first = new(turn, 1000, 0);
        Assert.True(memory.TryGrow(first, 40));
        first.ComputedTokens = 40;
        first.GeneratedTokens = 60;
        Assert.True(memory.TryGrow(first, 99));
        first.ComputedTokens = 99;
        first.Outcome = Outcome.Finished;
        memory.Release(first);
        Sequence next = NewSequence(1, 150, [new TokenSpan(1, 40), new TokenSpan(9, 60), new TokenSpan(2, 50)]);
        Assert.Equal(96, memory.CachedTokens(next));
    }

    [Fact]
    public void PreemptedSequenceFindsItsOwnBlocksUntilTheyAreReused()
    {
        PrefixCachedMemory memory = new(10, BlockTokens);
        Sequence victim = NewSequence(0, 100, null);
        Assert.True(memory.TryGrow(victim, 100));
        victim.ComputedTokens = 100;
        memory.Release(victim);
        victim.ComputedTokens = 0;
        // Six full blocks hold it; the last token is recomputed anyway.
        Assert.Equal(96, memory.CachedTokens(victim));
        Sequence other = NewSequence(1, 80, null);
        Assert.True(memory.TryGrow(other, 80));
        // Three blocks had never been used and one was partial: the fifth evicts the victim's tail.
        Assert.Equal(80, memory.CachedTokens(victim));
        Assert.True(memory.TryGrow(victim, 100 - 20));
        Assert.Equal(80, victim.ComputedTokens);
        Assert.Equal(0, memory.FreeBlocks);
    }

    /// <summary>Counts of unnamed blocks stand for a queue of single blocks; this holds them to a plain list of single blocks.</summary>
    [Fact]
    public void EqualsAPlainListOfBlocks()
    {
        long hits = 0;
        for (int seed = 0; seed < 150; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            int total = 8 + random.NextInt(40);
            PrefixCachedMemory memory = new(total, BlockTokens);
            PlainBlockList plain = new(total, BlockTokens);
            List<Sequence> live = [];
            for (int step = 0; step < 120; step++)
            {
                int choice = random.NextInt(10);
                if (choice < 3 || live.Count == 0)
                {
                    live.Add(NewSequence(step, 1 + random.NextInt(120), RandomContent(random)));
                }
                Sequence sequence = live[random.NextInt(live.Count)];
                if (choice < 7)
                {
                    Assert.True(plain.CachedTokens(sequence) == memory.CachedTokens(sequence), $"seed {seed}, step {step}, {sequence}: {plain.CachedTokens(sequence)} tokens should be found, not {memory.CachedTokens(sequence)}");
                    bool starts = sequence.KvBlocks == 0;
                    int cached = memory.CachedTokens(sequence);
                    int tokens = starts ? cached + 1 + random.NextInt(sequence.TotalTokens - cached) : Math.Min(sequence.TotalTokens, sequence.ComputedTokens + 1 + random.NextInt(40));
                    bool fits = plain.TryGrow(sequence, tokens);
                    Assert.Equal(fits, memory.TryGrow(sequence, tokens));
                    if (fits)
                    {
                        if (starts) hits += cached;
                        sequence.ComputedTokens = tokens;
                        if (tokens == sequence.TotalTokens) sequence.GeneratedTokens += 1;
                    }
                }
                else
                {
                    bool leaves = choice == 9;
                    if (leaves)
                    {
                        sequence.Outcome = Outcome.Finished;
                        live.Remove(sequence);
                    }
                    plain.Release(sequence);
                    memory.Release(sequence);
                    sequence.ComputedTokens = 0;
                }
                Assert.Equal(plain.FreeBlocks, memory.FreeBlocks);
                Assert.InRange(memory.FreeBlocks, 0, total);
            }
            foreach (Sequence sequence in live) memory.Release(sequence);
            Assert.Equal(total, memory.FreeBlocks);
        }
        Assert.True(hits > 5_000, $"only {hits} cached tokens: the property was hardly exercised");
    }

    private static TokenSpan[]? RandomContent(RandomStream random)
    {
        if (random.NextInt(3) == 0) return null;
        TokenSpan[] spans = new TokenSpan[1 + random.NextInt(3)];
        for (int i = 0; i < spans.Length; i++) spans[i] = new TokenSpan((ulong)random.NextInt(2) + 1, 16 * (1 + random.NextInt(2)) + random.NextInt(2) * 5);
        return spans;
    }

    private static Sequence NewSequence(long id, int prompt, TokenSpan[]? content) =>
        new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = prompt, OutputTokens = 500, Content = Cut(content, prompt) }, 1000, 0);

    private static TokenSpan[]? Cut(TokenSpan[]? content, int prompt)
    {
        if (content is null) return null;
        List<TokenSpan> kept = [];
        int left = prompt;
        foreach (TokenSpan span in content)
        {
            if (left == 0) break;
            kept.Add(span with { Tokens = Math.Min(span.Tokens, left) });
            left -= kept[^1].Tokens;
        }
        return [.. kept];
    }
}
