using Orrery.Engine.Attention;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Attention;

public sealed unsafe class KvStoreTests
{
    public static TheoryData<int> Types() => [.. Enum.GetValues<KvType>().Select(type => (int)type)];

    [Theory]
    [MemberData(nameof(Types))]
    public void What_is_written_is_read_back_within_the_error_of_the_type(int typeNumber)
    {
        var type = (KvType)typeNumber;
        var shape = new KvShape(3, 2, 72, 40);
        using var store = new KvStore(shape, type, 5);
        int[] pages = [4, 1];
        RandomStream random = RandomStream.Root(1).Split("kv");
        var written = new List<(int Layer, int Position, float[] Keys, float[] Values)>();
        for (int layer = 0; layer < 3; layer++)
        {
            for (int position = 0; position < 32; position++)
            {
                float[] keys = new float[2 * 72];
                float[] values = new float[2 * 40];
                AttentionFixture.Fill(random, keys, 3);
                AttentionFixture.Fill(random, values, 0.01);
                if (position == 7) Array.Clear(keys);
                fixed (float* k = keys, v = values) store.Write(layer, pages, position, k, v);
                written.Add((layer, position, keys, values));
            }
        }
        float[] key = new float[72];
        float[] value = new float[40];
        foreach ((int layer, int position, float[] keys, float[] values) in written)
        {
            for (int head = 0; head < 2; head++)
            {
                store.Read(layer, pages[position / 16], position % 16, head, key, value);
                Near(type, keys.AsSpan(head * 72, 72), key);
                Near(type, values.AsSpan(head * 40, 40), value);
            }
        }
    }

    [Theory]
    [InlineData(KvType.F32, 64, 64, 2 * 16 * 64 * 4)]
    [InlineData(KvType.F16, 64, 64, 2 * 16 * 64 * 2)]
    [InlineData(KvType.Q8, 64, 64, 2 * 16 * (64 + (2 * 4)))]
    [InlineData(KvType.F32, 10, 20, 16 * (10 + 32) * 4)]
    public void A_page_takes_what_its_layout_says(KvType type, int keySize, int valueSize, int headBytes)
    {
        using var store = new KvStore(new KvShape(3, 2, keySize, valueSize), type, 2);
        Assert.Equal(3 * 2 * headBytes, store.PageBytes);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Pages_are_copied_and_swapped_with_all_layers(int typeNumber)
    {
        var shape = new KvShape(2, 3, 16, 16);
        using var store = new KvStore(shape, (KvType)typeNumber, 4);
        RandomStream random = RandomStream.Root(1).Split("swap");
        float[] keys = new float[48];
        for (int layer = 0; layer < 2; layer++)
        {
            for (int position = 0; position < 64; position++)
            {
                AttentionFixture.Fill(random, keys, 1);
                fixed (float* k = keys) store.Write(layer, [0, 1, 2, 3], position, k, k);
            }
        }
        byte[] first = Bytes(store, 0);
        byte[] second = Bytes(store, 1);
        byte[] last = Bytes(store, 3);
        store.CopyPage(0, 2);
        Assert.Equal(first, Bytes(store, 2));
        Assert.Equal(second, Bytes(store, 1));
        Assert.Equal(last, Bytes(store, 3));
        store.SwapIn(second, 0);
        Assert.Equal(second, Bytes(store, 0));
        Assert.Equal(first, Bytes(store, 2));
    }

    [Fact]
    public void What_does_not_exist_is_refused()
    {
        using var store = new KvStore(new KvShape(1, 1, 16, 16), KvType.F32, 2);
        float[] row = new float[16];
        fixed (float* pointer = row)
        {
            float* p = pointer;
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Write(0, [0], 16, p, p));
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Write(0, [0], -1, p, p));
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Write(0, [2], 0, p, p));
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Write(0, [-1], 0, p, p));
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Write(1, [0], 0, p, p));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => store.CopyPage(0, 2));
        Assert.Throws<ArgumentException>(() => store.SwapOut(0, new byte[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvStore(new KvShape(1, 0, 16, 16), KvType.F32, 2));
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.CopyPage(0, 1));
    }

    [Fact]
    public void A_large_store_costs_only_what_is_used()
    {
        long before = Environment.WorkingSet;
        using var store = new KvStore(new KvShape(32, 8, 128, 128), KvType.F32, 512);
        Assert.Equal(2L << 30, store.PageBytes * store.Pages);
        float[] row = new float[8 * 128];
        fixed (float* p = row) store.Write(31, [511], 5, p, p);
        // Other tests run beside this one; none of them takes so much.
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 1L << 30);
    }

    private static byte[] Bytes(KvStore store, int page)
    {
        byte[] bytes = new byte[store.PageBytes];
        store.SwapOut(page, bytes);
        return bytes;
    }

    private static void Near(KvType type, ReadOnlySpan<float> expected, ReadOnlySpan<float> measured)
    {
        for (int start = 0; start < expected.Length; start += 32)
        {
            ReadOnlySpan<float> group = expected[start..Math.Min(start + 32, expected.Length)];
            float largest = 0f;
            foreach (float x in group) largest = Math.Max(largest, Math.Abs(x));
            for (int i = 0; i < group.Length; i++)
            {
                // Half a level of 127, and the rounding of the scale itself.
                if (type == KvType.Q8) Assert.InRange(Math.Abs(group[i] - measured[start + i]), 0, largest / 253.9);
                else Assert.Equal(type == KvType.F16 ? (float)(Half)group[i] : group[i], measured[start + i]);
            }
        }
    }
}
