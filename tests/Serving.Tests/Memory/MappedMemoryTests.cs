using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>Slots and pages by hand; blocks of 16 tokens, a millisecond to map one.</summary>
public sealed class MappedMemoryTests
{
    private const int Block = 16;
    private static readonly Duration Millisecond = Duration.FromMilliseconds(1);
    private long _next;

    [Fact]
    public void AStepWaitsForEveryBlockThatItWrites()
    {
        MappedMemory memory = New(ahead: false);
        Sequence sequence = Enter(memory, 40);
        Assert.Equal(Millisecond * 3, Start(memory, 0));
        Assert.Equal(3 * 64, memory.MappedPages);
        // 48 tokens are mapped: eight more steps, and the one after waits for a block.
        Assert.Equal(9, memory.QuietSteps);
        Grow(memory, sequence, 48);
        Assert.Equal(Duration.Zero, Start(memory, 10));
        Assert.Equal(1, memory.QuietSteps);
        Grow(memory, sequence, 49);
        Assert.Equal(Millisecond, Start(memory, 20));
    }

    [Fact]
    public void TheMapperWorksBesideTheStepAndCostsItsExcess()
    {
        MappedMemory memory = New();
        Sequence sequence = Enter(memory, 40);
        // Nine tokens ahead of 40 is 49: the fourth block is mapped from 3 to 4 ms.
        Assert.Equal(Millisecond * 3, Start(memory, 0));
        Assert.Equal(4 * 64, memory.MappedPages);
        Assert.Equal(1, memory.QuietSteps);
        Grow(memory, sequence, 41);
        Assert.Equal(Duration.FromMicroseconds(500), memory.StepStarts(Instant.FromNanoseconds(3_500_000)));
        // 64 are mapped: the mapper has nothing to do while 9 more fit, up to 55 tokens.
        Assert.Equal(15, memory.QuietSteps);
        Grow(memory, sequence, 55);
        Assert.Equal(Duration.Zero, Start(memory, 20));
        Assert.Equal(4 * 64, memory.MappedPages);
        Grow(memory, sequence, 56);
        Assert.Equal(Duration.Zero, Start(memory, 30));
        Assert.Equal(5 * 64, memory.MappedPages);
        Assert.Equal(Duration.Zero, Start(memory, 32));
    }

    [Fact]
    public void LookingFarAheadEndsAfterTwoBlocksButTheNextTokenIsAlwaysSeenTo()
    {
        MappedMemory far = New();
        for (int i = 0; i < 5; i++) Enter(far, 12);
        Start(far, 0);
        Assert.Equal([2, 2, 1, 1, 1], Mapped(far));
        MappedMemory near = New();
        for (int i = 0; i < 5; i++) Enter(near, 16);
        Start(near, 0);
        Assert.Equal([2, 2, 2, 2, 2], Mapped(near));
    }

    [Fact]
    public void NothingIsMappedBeyondTheLongestSequence()
    {
        MappedMemory memory = new(100, Block, 48, 10, Rules());
        Enter(memory, 47);
        Start(memory, 0);
        Assert.Equal([3], Mapped(memory));
        Assert.Equal(int.MaxValue, memory.QuietSteps);
    }

    [Fact]
    public void ASequenceTakesTheSlotThatFitsBest()
    {
        MappedMemory memory = New(ahead: false);
        Sequence[] first = [Enter(memory, 80), Enter(memory, 32), Enter(memory, 48)];
        Start(memory, 0);
        foreach (Sequence sequence in first) memory.Release(sequence);
        Assert.Equal([5, 2, 3], Mapped(memory));
        Assert.Equal(100, memory.FreeBlocks);
        Assert.Equal(2, Enter(memory, 48).KvSlot);
        Assert.Equal(0, Enter(memory, 48).KvSlot);
        Assert.Equal(Duration.Zero, Start(memory, 10));
        // No slot has four blocks: the first free one, and only the difference is mapped.
        Assert.Equal(1, Enter(memory, 64).KvSlot);
        Assert.Equal(Millisecond * 2, Start(memory, 20));
    }

    [Fact]
    public void PagesAreTakenFromTheHighestSlotsAndLastFromTheNextOne()
    {
        MappedMemory memory = New(blocks: 12, ahead: false);
        Sequence[] first = [Enter(memory, 48), Enter(memory, 48), Enter(memory, 48), Enter(memory, 32)];
        Start(memory, 0);
        foreach (Sequence sequence in first[1..]) memory.Release(sequence);
        Assert.Equal([3, 3, 3, 2], Mapped(memory));
        Grow(memory, first[0], 96);
        Start(memory, 10);
        // One was in the pool; slot 3 gave two.
        Assert.Equal([6, 3, 3, 0], Mapped(memory));
        Grow(memory, first[0], 176);
        Start(memory, 20);
        Assert.Equal([11, 1, 0, 0], Mapped(memory));
    }

    [Fact]
    public void WithoutDeferralOneBlockGoesAtEachStepThatMapsNothing()
    {
        MappedMemory memory = New(ahead: false, keeps: false);
        Sequence stays = Enter(memory, 1);
        Sequence[] leave = [Enter(memory, 32), Enter(memory, 32), Enter(memory, 32)];
        Start(memory, 0);
        foreach (Sequence sequence in leave) memory.Release(sequence);
        foreach (int[] expected in new[] { new[] { 1, 2, 2, 1 }, [1, 2, 2, 0], [1, 2, 1, 0], [1, 2, 0, 0], [1, 2, 0, 0] })
        {
            Grow(memory, stays, stays.ComputedTokens + 1);
            Start(memory, 10);
            Assert.Equal(expected, Mapped(memory));
        }
        // The slot that the next sequence takes keeps its pages.
        Assert.True(memory.QuietSteps > 1);
    }

    [Fact]
    public void AMapperWithoutPagesGivesUpQuietly()
    {
        MappedMemory memory = New(blocks: 2);
        Enter(memory, 16);
        Enter(memory, 16);
        Assert.Equal(Millisecond * 2, Start(memory, 0));
        Assert.Equal([1, 1], Mapped(memory));
        Assert.Equal(1, memory.QuietSteps);
    }

    [Fact]
    public void WithoutAFreeSlotNobodyEnters()
    {
        MappedMemory memory = new(100, Block, 512, 2, Rules());
        Sequence first = Enter(memory, 10);
        Enter(memory, 10);
        Assert.Equal(0, memory.FreeSlots);
        Sequence third = NewSequence();
        Assert.False(memory.TryGrow(third, 10));
        Assert.True(memory.TryGrow(first, 100));
        memory.Release(first);
        Assert.True(memory.TryGrow(third, 10));
    }

    [Fact]
    public void CopiesMoveOnePiece()
    {
        MappedMemory memory = New();
        Assert.Equal(1, memory.RunsOf(Enter(memory, 100), 16, 100));
        Assert.Equal(0, memory.RunsOf(Enter(memory, 100), 100, 100));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(2048)]
    public void HalfABlockIsUnwrittenOnAverage(int block)
    {
        MappedMemory memory = new(1000, block, 3 * block, 10, Rules());
        Sequence sequence = NewSequence();
        long unwritten = 0;
        for (int tokens = 1; tokens <= 3 * block; tokens++)
        {
            Assert.True(memory.TryGrow(sequence, tokens));
            unwritten += (sequence.KvBlocks * block) - tokens;
        }
        Assert.Equal((block - 1) / 2.0, unwritten / (3.0 * block));
    }

    [Fact]
    public void ReservedRoomIsForTheLongest()
    {
        ReservedMemory memory = new(100, Block, 500);
        Sequence sequence = NewSequence();
        Assert.True(memory.TryGrow(sequence, 1));
        Assert.Equal(32, sequence.KvBlocks);
        Assert.Equal(32, memory.BlocksFor(1));
        Assert.True(memory.TryGrow(sequence, 500));
        Assert.Equal(68, memory.FreeBlocks);
        Assert.True(memory.TryGrow(NewSequence(), 1));
        Assert.True(memory.TryGrow(NewSequence(), 1));
        Assert.False(memory.TryGrow(NewSequence(), 1));
        memory.Release(sequence);
        Assert.Equal(36, memory.FreeBlocks);
    }

    private static MappingRules Rules(bool ahead = true, bool keeps = true) => new(Millisecond, 64, ahead, keeps);

    private static MappedMemory New(int blocks = 100, bool ahead = true, bool keeps = true) => new(blocks, Block, 512, 20, Rules(ahead, keeps));

    private static int[] Mapped(MappedMemory memory) => [.. Enumerable.Range(0, memory.Slots.End).Select(memory.Slots.Mapped)];

    private static Duration Start(MappedMemory memory, int milliseconds) => memory.StepStarts(Instant.Zero + (Millisecond * milliseconds));

    private Sequence NewSequence() => new(new Request { Id = _next++, Arrival = Instant.Zero, PromptTokens = 8, OutputTokens = 500 }, 500, 0);

    private Sequence Enter(MappedMemory memory, int tokens)
    {
        Sequence sequence = NewSequence();
        Grow(memory, sequence, tokens);
        return sequence;
    }

    /// <summary>A step that leaves a sequence with so many tokens.</summary>
    private static void Grow(MappedMemory memory, Sequence sequence, int tokens)
    {
        Assert.True(memory.TryGrow(sequence, tokens));
        memory.StepWrites(sequence, tokens);
        sequence.ComputedTokens = tokens;
    }
}
