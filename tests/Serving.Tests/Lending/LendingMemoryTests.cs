using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Lending;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Lending;

/// <summary>One memory by hand, and a fleet of them at random: no block is promised twice, and the last of a sequence is at home.</summary>
public sealed class LendingMemoryTests
{
    private const int BlockTokens = 16;

    [Fact]
    public void APromptLongerThanTheMemoryRunsWithCredits()
    {
        LendingMemory memory = new(10, BlockTokens, keptBlocks: 2);
        Sequence prompt = Prompt(1, 24 * BlockTokens);
        Assert.False(memory.TryGrow(prompt, prompt.PromptTokens));
        memory.AddCredit(3, 10, Instant.Zero);
        memory.AddCredit(1, 8, Instant.Zero);
        Assert.Equal(28, memory.FreeBlocks);
        Assert.True(memory.TryGrow(prompt, prompt.PromptTokens));
        // 16 elsewhere would do; two more go there so that two stay free here.
        Assert.Equal(24, prompt.KvBlocks);
        Assert.Equal([new RemotePart(3, 10), new RemotePart(1, 6)], memory.PartsOf(prompt));
        Assert.Equal(2, memory.FreeHere);
        Assert.Equal(2, memory.Credit);
        Assert.Equal(8, memory.UsedBlocks);
        List<(int, int)> returned = [];
        memory.OnReturned = (holder, blocks) => returned.Add((holder, blocks));
        memory.Release(prompt);
        Assert.Equal([(3, 10), (1, 6)], returned);
        Assert.Equal(10, memory.FreeHere);
        Assert.Equal(0, prompt.KvBlocks);
    }

    [Fact]
    public void TheLastBlockStaysAtHome()
    {
        LendingMemory memory = new(4, BlockTokens);
        Sequence other = Prompt(1, 4 * BlockTokens);
        Assert.True(memory.TryGrow(other, other.PromptTokens));
        memory.AddCredit(1, 100, Instant.Zero);
        Assert.False(memory.TryGrow(Prompt(2, 5), 5));
        Assert.True(memory.TryGrow(other, 60 * BlockTokens));
        Assert.Equal(4, other.KvBlocks - memory.RemoteBlocks(other));
    }

    [Fact]
    public void CopiesMoveOutAndHomeAndExcessIsGivenBack()
    {
        LendingMemory memory = new(10, BlockTokens);
        Sequence sequence = Prompt(1, 6 * BlockTokens);
        int returned = 0;
        memory.OnReturned = (_, blocks) => returned += blocks;
        Assert.True(memory.TryGrow(sequence, sequence.PromptTokens));
        Assert.Equal(5, memory.MoveOut(sequence, 2, 7));
        Assert.Equal(2, returned);
        Assert.Equal(9, memory.FreeHere);
        Assert.True(memory.TryReserve(3));
        Assert.Equal(3, memory.MoveHome(sequence, 2, 3));
        Assert.Equal(5, returned);
        Assert.Equal(6, memory.FreeHere);
        Assert.Equal(2, memory.RemoteBlocks(sequence));
    }

    [Fact]
    public void ALostHolderTakesItsPartsAndPromisesWithIt()
    {
        LendingMemory memory = new(4, BlockTokens);
        Sequence sequence = Prompt(1, 8 * BlockTokens);
        memory.AddCredit(5, 3, Instant.Zero);
        memory.AddCredit(6, 4, Instant.Zero);
        Assert.True(memory.TryGrow(sequence, sequence.PromptTokens));
        Assert.Equal([sequence], memory.Lose(5));
        Assert.Equal(5, sequence.KvBlocks);
        Assert.Equal(0, memory.BorrowedFrom(5));
        Assert.Empty(memory.Lose(5));
        memory.Release(sequence);
        Assert.Equal(4, memory.FreeHere);
    }

    [Fact]
    public void UnusedPromisesGoBackWhenTheyAreOld()
    {
        LendingMemory memory = new(4, BlockTokens);
        int returned = 0;
        memory.OnReturned = (_, blocks) => returned += blocks;
        memory.AddCredit(1, 3, Instant.Zero);
        memory.AddCredit(2, 4, Instant.FromNanoseconds(10));
        Assert.Equal(3, memory.ReturnCredits(Instant.FromNanoseconds(10)));
        Assert.Equal(3, returned);
        Assert.Equal(4, memory.Credit);
    }

    [Fact]
    public void ARandomFleetNeverOvercommits()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            int count = 2 + random.NextInt(4);
            LendingMemory[] memories = [.. Enumerable.Range(0, count).Select(_ => new LendingMemory(8 + random.NextInt(30), BlockTokens, random.NextInt(4)))];
            LendingLedger ledger = new([.. memories.Select(memory => memory.TotalBlocks)], 0.5 + (random.NextDouble() / 2));
            for (int i = 0; i < count; i++)
            {
                int debtor = i;
                memories[i].OnReturned = (creditor, blocks) =>
                {
                    ledger.Leave(creditor, debtor, blocks);
                    ledger.Return(creditor, debtor, blocks);
                    memories[creditor].Unreserve(blocks);
                };
            }
            List<(int Home, Sequence Sequence)> live = [];
            for (int move = 0; move < 300; move++)
            {
                Act(random, memories, ledger, live, move);
                ledger.Check(memories);
                Conserved(memories, ledger, live);
            }
            foreach ((int home, Sequence sequence) in live) memories[home].Release(sequence);
            foreach (LendingMemory memory in memories) memory.ReturnCredits(Instant.Never);
            Assert.All(memories, memory => Assert.Equal(memory.TotalBlocks, memory.FreeHere));
        }
    }

    private static void Act(RandomStream random, LendingMemory[] memories, LendingLedger ledger, List<(int Home, Sequence Sequence)> live, int move)
    {
        int home = random.NextInt(memories.Length);
        LendingMemory memory = memories[home];
        int other = (home + 1 + random.NextInt(memories.Length - 1)) % memories.Length;
        List<Sequence> own = [.. live.Where(entry => entry.Home == home).Select(entry => entry.Sequence)];
        switch (random.NextInt(6))
        {
            case 0:
                Sequence prompt = Prompt(move, 1 + random.NextInt(40 * BlockTokens));
                if (memory.TryGrow(prompt, prompt.PromptTokens)) live.Add((home, prompt));
                break;
            case 1 when own.Count > 0:
                Sequence grows = own[random.NextInt(own.Count)];
                memory.TryGrow(grows, (grows.KvBlocks * BlockTokens) + 1 + random.NextInt(20));
                break;
            case 2 when own.Count > 0:
                Sequence leaves = own[random.NextInt(own.Count)];
                memory.Release(leaves);
                live.RemoveAll(entry => ReferenceEquals(entry.Sequence, leaves));
                break;
            case 3:
                int asked = Math.Min(1 + random.NextInt(12), ledger.LimitOf(other) - ledger.LentBy(other));
                if (asked <= 0 || !memories[other].TryReserve(asked)) break;
                ledger.Promise(other, home, asked);
                bool copies = own.Count > 0 && random.NextInt(2) == 0;
                ledger.Accept(other, home, asked, copies ? asked : 0);
                if (!copies)
                {
                    memory.AddCredit(other, asked, Instant.FromNanoseconds(move));
                    break;
                }
                ledger.Arrive(other, home, asked);
                memory.MoveOut(own[random.NextInt(own.Count)], other, asked);
                break;
            case 4 when memory.Scattered.Count > 0:
                Sequence scattered = memory.Scattered.First();
                RemotePart part = memory.PartsOf(scattered)[0];
                int back = 1 + random.NextInt(part.Blocks);
                if (memory.TryReserve(back)) memory.MoveHome(scattered, part.Holder, back);
                break;
            default:
                memory.ReturnCredits(Instant.FromNanoseconds(random.NextInt(move + 1)));
                break;
        }
    }

    /// <summary>Every block of the fleet is free, lent, or holds tokens of a sequence, once.</summary>
    private static void Conserved(LendingMemory[] memories, LendingLedger ledger, List<(int Home, Sequence Sequence)> live)
    {
        for (int i = 0; i < memories.Length; i++)
        {
            int home = i;
            int here = live.Where(entry => entry.Home == home).Sum(entry => entry.Sequence.KvBlocks - memories[home].RemoteBlocks(entry.Sequence));
            Assert.Equal(memories[i].TotalBlocks, memories[i].FreeHere + here + ledger.LentBy(i));
        }
    }

    private static Sequence Prompt(long id, int tokens) => new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = tokens, OutputTokens = 10 }, 10, 0);
}
