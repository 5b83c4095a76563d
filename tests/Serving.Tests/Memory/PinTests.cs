using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>Prefixes that stay while sequences come and go, and are forgotten when they are given up.</summary>
public sealed class PinTests
{
    private const int BlockTokens = 16;

    [Fact]
    public void APinOutlivesItsHolderAndIsForgottenAtOnce()
    {
        PrefixCachedMemory memory = new(10, BlockTokens);
        Sequence holder = Computed(memory, 0, 80);
        KvPin pin = memory.Pin(holder, 64)!;
        Assert.Equal(64, pin.Tokens);
        Leave(memory, holder);
        // Four blocks are pinned; the fifth is cached and may go.
        Assert.Equal(6, memory.FreeBlocks);
        Assert.Equal(80, memory.CachedTokens(NewSequence(1, 100)));
        Assert.True(memory.TryReserve(6));
        Assert.False(memory.TryReserve(1));
        Assert.Equal(64, memory.CachedTokens(NewSequence(1, 100)));
        memory.Unpin(pin);
        Assert.Equal(4, memory.FreeBlocks);
        Assert.Equal(0, memory.NamedBlocks);
        Assert.Equal(0, memory.CachedTokens(NewSequence(1, 100)));
    }

    [Fact]
    public void WhatIsGivenUpIsForgottenWithItsLastUser()
    {
        PrefixCachedMemory memory = new(20, BlockTokens);
        Sequence first = Computed(memory, 0, 64);
        KvPin pin = memory.Pin(first, 64)!;
        Sequence second = NewSequence(1, 100);
        Assert.True(memory.TryGrow(second, 100));
        Assert.Equal(64, second.ComputedTokens);
        memory.Unpin(pin);
        Leave(memory, first);
        // Still held, still found.
        Assert.Equal(64, memory.CachedTokens(NewSequence(2, 70)));
        second.ComputedTokens = 100;
        Leave(memory, second);
        Assert.Equal(0, memory.CachedTokens(NewSequence(2, 70)));
        Assert.Equal(20, memory.FreeBlocks);
    }

    [Fact]
    public void OnlyComputedWholeBlocksOfTheHolderArePinned()
    {
        PrefixCachedMemory memory = new(20, BlockTokens);
        Sequence holder = NewSequence(0, 100);
        Assert.Null(memory.Pin(holder, 96));
        Assert.True(memory.TryGrow(holder, 90));
        Assert.Null(memory.Pin(holder, 96));
        holder.ComputedTokens = 90;
        Assert.Equal(80, memory.Pin(holder, 96)!.Tokens);
        Assert.Equal(48, memory.Pin(holder, 50)!.Tokens);
        IKvMemory plain = new PagedMemory(20, BlockTokens);
        Assert.True(plain.TryGrow(NewSequence(1, 40), 40));
        Assert.Null(plain.Pin(holder, 40));
    }

    [Fact]
    public void ANewPinRevivesWhatWasGivenUp()
    {
        PrefixCachedMemory memory = new(20, BlockTokens);
        Sequence holder = Computed(memory, 0, 64);
        memory.Unpin(memory.Pin(holder, 64)!);
        KvPin pin = memory.Pin(holder, 64)!;
        Leave(memory, holder);
        Assert.Equal(64, memory.CachedTokens(NewSequence(1, 70)));
        memory.Unpin(pin);
        Assert.Equal(20, memory.FreeBlocks);
        Assert.Equal(0, memory.NamedBlocks);
    }

    private static Sequence Computed(PrefixCachedMemory memory, long id, int tokens)
    {
        Sequence sequence = NewSequence(id, tokens);
        Assert.True(memory.TryGrow(sequence, tokens));
        sequence.ComputedTokens = tokens;
        return sequence;
    }

    private static void Leave(PrefixCachedMemory memory, Sequence sequence)
    {
        sequence.Outcome = Outcome.Finished;
        memory.Release(sequence);
    }

    private static Sequence NewSequence(long id, int prompt) =>
        new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = prompt, OutputTokens = 50, Content = [new TokenSpan(7, prompt)] }, 1000, 0);
}
