using Orrery.Engine.Attention;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Attention;

public sealed unsafe class KvSequenceTests
{
    [Fact]
    public void A_fork_shares_full_pages_and_copies_the_last_on_write()
    {
        using KvStore store = Store(10);
        var pool = new KvPool(store);
        using KvSequence parent = pool.Create();
        Grow(store, parent, [], 40, 0);
        Assert.Equal(7, pool.FreePages);
        using KvSequence child = parent.Fork(20);
        Assert.Equal(7, pool.FreePages);
        Assert.Equal(parent.Pages[..2].ToArray(), child.Pages.ToArray());
        Assert.True(child.TryReserve(1));
        Assert.Equal(6, pool.FreePages);
        Assert.Equal(parent.Pages[0], child.Pages[0]);
        Assert.NotEqual(parent.Pages[1], child.Pages[1]);
        // The parent's page is its own again: no further copy.
        int own = parent.Pages[1];
        parent.Truncate(20);
        Assert.True(parent.TryReserve(1));
        Assert.Equal(own, parent.Pages[1]);
    }

    [Fact]
    public void Too_few_pages_change_nothing()
    {
        using KvStore store = Store(3);
        var pool = new KvPool(store);
        using KvSequence sequence = pool.Create();
        Assert.False(sequence.TryReserve(49));
        Assert.Equal(3, pool.FreePages);
        Assert.True(sequence.TryReserve(48));
        sequence.Advance(40);
        Assert.Throws<InvalidOperationException>(() => sequence.Advance(9));
        using KvSequence fork = sequence.Fork(40);
        // The copy of the last page needs a fourth.
        Assert.False(fork.TryReserve(1));
        Assert.Throws<InvalidOperationException>(() => sequence.Advance(1));
        fork.Dispose();
        fork.Dispose();
        Assert.True(sequence.TryReserve(8));
        Assert.Throws<ObjectDisposedException>(() => fork.TryReserve(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Truncate(41));
        Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Fork(41));
    }

    [Fact]
    public void A_swapped_sequence_holds_no_pages_and_comes_back()
    {
        using KvStore store = Store(4);
        var pool = new KvPool(store);
        using KvSequence sequence = pool.Create();
        var model = new List<int>();
        Grow(store, sequence, model, 35, 0);
        byte[] buffer = new byte[sequence.SwapBytes];
        sequence.SwapOut(buffer);
        Assert.True(sequence.IsSwappedOut);
        Assert.Equal(4, pool.FreePages);
        Assert.Throws<InvalidOperationException>(() => sequence.TryReserve(1));
        using KvSequence other = pool.Create();
        Grow(store, other, [], 32, 1000);
        Assert.False(sequence.TrySwapIn(buffer));
        other.Dispose();
        Assert.True(sequence.TrySwapIn(buffer));
        Check(store, sequence, model);
        Assert.Throws<InvalidOperationException>(() => sequence.TrySwapIn(buffer));
    }

    /// <summary>Random operations beside a model that keeps every token of every sequence by itself.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_operations_lose_no_page_and_no_token(int seed)
    {
        using KvStore store = Store(24);
        var pool = new KvPool(store);
        RandomStream random = RandomStream.Root((ulong)seed).Split("operations");
        var live = new List<(KvSequence Sequence, List<int> Model, byte[]? Swapped)>();
        int next = 0;
        for (int step = 0; step < 3000; step++)
        {
            int choice = random.NextInt(10);
            int pick = live.Count == 0 ? -1 : random.NextInt(live.Count);
            if (pick < 0 || (choice == 0 && live.Count < 8))
            {
                live.Add((pool.Create(), [], null));
                continue;
            }
            (KvSequence sequence, List<int> model, byte[]? swapped) = live[pick];
            if (swapped is not null)
            {
                if (sequence.TrySwapIn(swapped)) live[pick] = (sequence, model, null);
            }
            else if (choice <= 4)
            {
                int count = 1 + random.NextInt(30);
                int before = pool.FreePages;
                if (sequence.TryReserve(count)) next = Write(store, sequence, model, random.NextInt(count + 1), next);
                else Assert.Equal(before, pool.FreePages);
            }
            else if (choice == 5 && live.Count < 8)
            {
                int prefix = random.NextInt(model.Count + 1);
                live.Add((sequence.Fork(prefix), [.. model.Take(prefix)], null));
            }
            else if (choice == 6)
            {
                int prefix = random.NextInt(model.Count + 1);
                sequence.Truncate(prefix);
                model.RemoveRange(prefix, model.Count - prefix);
            }
            else if (choice == 7)
            {
                byte[] buffer = new byte[sequence.SwapBytes];
                sequence.SwapOut(buffer);
                live[pick] = (sequence, model, buffer);
            }
            else if (choice == 8)
            {
                sequence.Dispose();
                live.RemoveAt(pick);
            }
            var used = new HashSet<int>();
            foreach ((KvSequence other, List<int> tokens, byte[]? away) in live)
            {
                foreach (int page in other.Pages) used.Add(page);
                if (away is null && step % 10 == 0) Check(store, other, tokens);
            }
            Assert.Equal(24, used.Count + pool.FreePages);
        }
        foreach ((KvSequence sequence, _, _) in live) sequence.Dispose();
        Assert.Equal(24, pool.FreePages);
    }

    private static KvStore Store(int pages) => new(new KvShape(2, 1, 2, 2), KvType.F32, pages);

    private static void Grow(KvStore store, KvSequence sequence, List<int> model, int count, int next)
    {
        Assert.True(sequence.TryReserve(count));
        Write(store, sequence, model, count, next);
    }

    private static int Write(KvStore store, KvSequence sequence, List<int> model, int count, int next)
    {
        float* key = stackalloc float[2];
        float* value = stackalloc float[2];
        for (int i = 0; i < count; i++, next++)
        {
            key[0] = next;
            value[0] = next + 0.5f;
            for (int layer = 0; layer < 2; layer++) store.Write(layer, sequence.Pages, sequence.Tokens + i, key, value);
            model.Add(next);
        }
        sequence.Advance(count);
        return next;
    }

    private static void Check(KvStore store, KvSequence sequence, List<int> model)
    {
        Assert.Equal(model.Count, sequence.Tokens);
        Assert.Equal(model.Count * store.PageBytes > 0, sequence.SwapBytes > 0);
        float[] key = new float[2];
        float[] value = new float[2];
        for (int i = 0; i < model.Count; i++)
        {
            for (int layer = 0; layer < 2; layer++)
            {
                store.Read(layer, sequence.Pages[i / 16], i % 16, 0, key, value);
                Assert.Equal(model[i], key[0]);
                Assert.Equal(model[i] + 0.5f, value[0]);
            }
        }
    }
}
