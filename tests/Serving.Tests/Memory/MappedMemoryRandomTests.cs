using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>Random admissions, steps, releases and reservations against a plain count of every page.</summary>
public sealed class MappedMemoryRandomTests
{
    private const int Longest = 400;

    [Fact]
    public void PagesAreConservedPromisesKeptAndSlotsChosenAsPublished()
    {
        long waited = 0;
        long refused = 0;
        long reused = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            int block = 1 << (2 + random.NextInt(4));
            int total = ((Longest + block - 1) / block) + random.NextInt(80);
            MappingRules rules = new(Duration.FromMicroseconds(100), 2, random.NextInt(2) == 0, random.NextInt(2) == 0);
            MappedMemory memory = new(total, block, Longest, 3 + random.NextInt(8), rules);
            List<Sequence> live = [];
            int reserved = 0;
            Instant now = Instant.Zero;
            for (int step = 0; step < 400; step++)
            {
                if (random.NextInt(4) == 0) refused += TryEnter(memory, live, 1 + random.NextInt(Longest), step, block, ref reused) ? 0 : 1;
                if (random.NextInt(6) == 0 && live.Count > 0) Leave(memory, live, random.NextInt(live.Count));
                if (random.NextInt(12) == 0)
                {
                    int blocks = random.NextInt(10);
                    bool fits = blocks <= memory.FreeBlocks;
                    Assert.Equal(fits, memory.TryReserve(blocks));
                    if (fits) reserved += blocks;
                }
                else if (reserved > 0 && random.NextInt(6) == 0)
                {
                    memory.Unreserve(reserved);
                    reserved = 0;
                }
                foreach (Sequence sequence in live)
                {
                    int tokens = Math.Min(sequence.ComputedTokens + 1, Longest);
                    int missing = ((tokens + block - 1) / block) - sequence.KvBlocks;
                    Assert.Equal(missing <= memory.FreeBlocks, memory.TryGrow(sequence, tokens));
                    if (missing > 0 && sequence.KvBlocks * block < tokens) continue;
                    memory.StepWrites(sequence, tokens);
                    sequence.ComputedTokens = tokens;
                }
                int due = live.Sum(sequence => Math.Max(0, ((sequence.ComputedTokens + block - 1) / block) - memory.Slots.Mapped(sequence.KvSlot)));
                // Later than any mapper: the wait is that of the step's own blocks.
                now += Duration.FromSeconds(1);
                Assert.Equal(rules.BlockMapTime * (long)due, memory.StepStarts(now));
                waited += due;
                Check(memory, live, reserved);
            }
        }
        Assert.True(waited > 0 && refused > 0 && reused > 0);
    }

    private static bool TryEnter(MappedMemory memory, List<Sequence> live, int tokens, int id, int block, ref long reused)
    {
        Sequence sequence = new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = 1, OutputTokens = Longest }, Longest, 0);
        int needed = (tokens + block - 1) / block;
        int[] free = [.. Enumerable.Range(0, memory.Slots.End + 1).Where(slot => slot == memory.Slots.End || memory.Slots.Holder(slot) is null)];
        int[] fitting = [.. free.Where(slot => slot < memory.Slots.End && memory.Slots.Mapped(slot) >= needed)];
        bool enters = needed <= memory.FreeBlocks && memory.FreeSlots > 0;
        int expected = fitting.Length > 0 ? fitting.MinBy(memory.Slots.Mapped) : free[0];
        Assert.Equal(enters, memory.TryGrow(sequence, tokens));
        if (!enters) return false;
        Assert.Equal(expected, sequence.KvSlot);
        if (fitting.Length > 0) reused++;
        memory.StepWrites(sequence, tokens);
        sequence.ComputedTokens = tokens;
        live.Add(sequence);
        return true;
    }

    private static void Leave(MappedMemory memory, List<Sequence> live, int index)
    {
        memory.Release(live[index]);
        Assert.Equal(0, live[index].KvBlocks);
        live.RemoveAt(index);
    }

    private static void Check(MappedMemory memory, List<Sequence> live, int reserved)
    {
        int mapped = Enumerable.Range(0, memory.Slots.End).Sum(memory.Slots.Mapped);
        Assert.True(memory.Slots.Pool >= 0);
        Assert.Equal(memory.TotalBlocks, memory.Slots.Pool + mapped + reserved);
        Assert.Equal(memory.TotalBlocks - reserved - live.Sum(sequence => sequence.KvBlocks), memory.FreeBlocks);
        Assert.Equal(live.Count, live.Select(sequence => sequence.KvSlot).Distinct().Count());
        foreach (Sequence sequence in live)
            Assert.True(memory.Slots.Mapped(sequence.KvSlot) * memory.BlockTokens >= sequence.ComputedTokens, "what a step writes is mapped");
    }
}
