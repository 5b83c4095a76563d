using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>Groups against a plain map of who holds which block, and against paged memory for what fits.</summary>
public sealed class BlockGroupMemoryTests
{
    private const int BlockTokens = 16;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(16)]
    public void RandomUseNeverOverlapsAndFitsWhatPagedMemoryFits(int group)
    {
        int steals = 0;
        for (int seed = 0; seed < 30; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            int total = 20 + random.NextInt(80);
            BlockGroupMemory groups = new(total, BlockTokens, group);
            PagedMemory paged = new(total, BlockTokens);
            List<(Sequence Grouped, Sequence Paged)> live = [];
            int reserved = 0;
            for (int step = 0; step < 400; step++)
            {
                switch (random.NextInt(8))
                {
                    case 0 when live.Count > 0:
                        int gone = random.NextInt(live.Count);
                        groups.Release(live[gone].Grouped);
                        paged.Release(live[gone].Paged);
                        live.RemoveAt(gone);
                        break;
                    case 1:
                        int blocks = random.NextInt(6);
                        bool taken = groups.TryReserve(blocks);
                        Assert.Equal(paged.TryReserve(blocks), taken);
                        if (taken) reserved += blocks;
                        break;
                    case 2:
                        int back = random.NextInt(reserved + 1);
                        groups.Unreserve(back);
                        paged.Unreserve(back);
                        reserved -= back;
                        break;
                    case 3 or 4:
                        live.Add((Make(step), Make(step)));
                        break;
                    default:
                        if (live.Count == 0) break;
                        (Sequence a, Sequence b) = live[random.NextInt(live.Count)];
                        int tokens = (a.KvBlocks * BlockTokens) + 1 + random.NextInt(random.NextInt(4) == 0 ? 300 : 40);
                        int before = live.Sum(pair => groups.PlacesOf(pair.Grouped).Count - pair.Grouped.KvBlocks);
                        int unused = groups.PlacesOf(a).Count - a.KvBlocks;
                        bool grows = groups.TryGrow(a, tokens);
                        Assert.Equal(paged.TryGrow(b, tokens), grows);
                        int after = live.Sum(pair => groups.PlacesOf(pair.Grouped).Count - pair.Grouped.KvBlocks);
                        int own = groups.PlacesOf(a).Count - a.KvBlocks;
                        if (after - own < before - unused) steals++;
                        break;
                }
                Check(groups, paged, live, reserved);
            }
            foreach ((Sequence a, _) in live) groups.Release(a);
            groups.Unreserve(reserved);
            Assert.Equal(total, groups.FreeBlocks);
            // Everything merged again.
            Assert.Equal(1, groups.FreeRangeCount);
        }
        Assert.Equal(group > 1, steals > 0);
    }

    [Fact]
    public void GrowthStaysInTheGroupThenGoesBehindItThenElsewhere()
    {
        BlockGroupMemory memory = new(32, BlockTokens, 4);
        Sequence first = Make(1);
        Sequence second = Make(2);
        Assert.True(memory.TryGrow(first, 3 * BlockTokens));
        Assert.Equal([0, 1, 2, 3], memory.PlacesOf(first));
        Assert.True(memory.TryGrow(first, 4 * BlockTokens));
        Assert.Equal([0, 1, 2, 3], memory.PlacesOf(first));
        Assert.True(memory.TryGrow(first, 5 * BlockTokens));
        Assert.Equal(Enumerable.Range(0, 8), memory.PlacesOf(first));
        Assert.Equal(1, memory.GroupsOf(first));
        Assert.True(memory.TryGrow(second, BlockTokens));
        Assert.True(memory.TryGrow(first, 9 * BlockTokens));
        Assert.Equal([.. Enumerable.Range(0, 8), 12, 13, 14, 15], memory.PlacesOf(first));
        Assert.Equal(2, memory.RunsOf(first, 0, 9 * BlockTokens));
        Assert.Equal(1, memory.RunsOf(first, 8 * BlockTokens, 9 * BlockTokens));
        Assert.Equal(1, memory.RunsOf(first, 5, 6));
    }

    [Fact]
    public void TheShortestRangeThatFitsIsTaken()
    {
        BlockGroupMemory memory = new(20, BlockTokens, 1);
        Sequence[] all = [.. Enumerable.Range(0, 5).Select(Make)];
        foreach ((Sequence sequence, int blocks) in all.Zip([6, 1, 3, 1, 9])) Assert.True(memory.TryGrow(sequence, blocks * BlockTokens));
        memory.Release(all[0]);
        memory.Release(all[2]);
        Assert.Equal(2, memory.FreeRangeCount);
        Sequence small = Make(7);
        Assert.True(memory.TryGrow(small, 2 * BlockTokens));
        Assert.Equal([7, 8], memory.PlacesOf(small));
    }

    [Fact]
    public void UnusedTailsAreFreeForOthersTheLongestFirst()
    {
        BlockGroupMemory memory = new(16, BlockTokens, 8);
        Sequence a = Make(1);
        Sequence b = Make(2);
        Sequence c = Make(3);
        Assert.True(memory.TryGrow(a, 2 * BlockTokens));
        Assert.True(memory.TryGrow(b, 5 * BlockTokens));
        Assert.Equal(9, memory.FreeBlocks);
        Assert.Equal(0, memory.FreeRangeCount);
        Assert.True(memory.TryGrow(c, 7 * BlockTokens));
        // Six from the first's tail of six, one from the second's of three.
        Assert.Equal([2, 3, 4, 5, 6, 7, 15], memory.PlacesOf(c));
        Assert.Equal(2, memory.PlacesOf(a).Count);
        Assert.Equal(7, memory.PlacesOf(b).Count);
        Assert.False(memory.TryGrow(a, 5 * BlockTokens));
        Assert.Equal(2, memory.FreeBlocks);
    }

    [Fact]
    public void AStepWaitsOnlyForCopiesOfTheBlocksThatItWrites()
    {
        Sequence early = Make(1);
        Sequence late = Make(2);
        BlockGroupMemory memory = new(12, BlockTokens, 4);
        Assert.True(memory.TryGrow(early, 4 * BlockTokens));
        Assert.True(memory.TryGrow(late, 4 * BlockTokens));
        Assert.True(memory.TryDrain(early, 0, 4 * BlockTokens, At(5)));
        memory.Release(early);
        Sequence elsewhere = Make(3);
        Sequence there = Make(4);
        // The shorter of two equal ranges is the first: blocks 0 to 3, which drain.
        Assert.True(memory.TryGrow(there, BlockTokens));
        Assert.Equal(Duration.FromMilliseconds(4), memory.StepStarts(At(1)));
        Assert.Equal(BlockTokens, memory.RoomInPlace(there));
        Assert.Equal(Duration.Zero, memory.StepStarts(At(1)));
        Assert.True(memory.TryGrow(elsewhere, BlockTokens));
        Assert.Equal(Duration.Zero, memory.StepStarts(At(1)));
        Assert.Equal(4 * BlockTokens, memory.RoomInPlace(elsewhere));
        // Once the copy has ended the rest of the group is like any memory.
        Assert.Equal(Duration.Zero, memory.StepStarts(At(6)));
        Assert.Equal(4 * BlockTokens, memory.RoomInPlace(there));
    }

    private static void Check(BlockGroupMemory memory, PagedMemory paged, List<(Sequence Grouped, Sequence Paged)> live, int reserved)
    {
        bool[] isTaken = new bool[memory.TotalBlocks];
        int used = reserved;
        foreach ((Sequence sequence, Sequence twin) in live)
        {
            Assert.Equal(twin.KvBlocks, sequence.KvBlocks);
            used += sequence.KvBlocks;
            IReadOnlyList<int> places = memory.PlacesOf(sequence);
            Assert.True(places.Count >= sequence.KvBlocks);
            foreach (int block in places)
            {
                Assert.False(isTaken[block], $"block {block} is held twice");
                isTaken[block] = true;
            }
            int runs = 1 + Enumerable.Range(1, Math.Max(0, sequence.KvBlocks - 1)).Count(i => places[i] != places[i - 1] + 1);
            if (sequence.KvBlocks > 0) Assert.Equal(runs, memory.RunsOf(sequence, 0, sequence.KvBlocks * BlockTokens));
        }
        Assert.Equal(memory.TotalBlocks - used, memory.FreeBlocks);
        Assert.Equal(paged.FreeBlocks, memory.FreeBlocks);
    }

    private static Instant At(int milliseconds) => Instant.Zero + Duration.FromMilliseconds(milliseconds);

    private static Sequence Make(int id) => new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = 1, OutputTokens = 1 }, 1000, 0);
}
