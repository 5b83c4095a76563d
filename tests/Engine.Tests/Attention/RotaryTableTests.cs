using Orrery.Engine.Attention;
using Orrery.Engine.Kernels.Vectors;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Attention;

public sealed unsafe class RotaryTableTests
{
    [Theory]
    [InlineData(RotaryStyle.Interleaved)]
    [InlineData(RotaryStyle.Halves)]
    public void A_pair_turns_by_position_over_base_to_the_power(RotaryStyle style)
    {
        const int Size = 72;
        var table = new RotaryTable(new RotarySettings(Size, style, 5000));
        float[] head = Head(Size);
        foreach (int position in new[] { 0, 1, 63, 64, 1000, 12345 })
        {
            float[] turned = Apply(table, head, position);
            for (int i = 0; i < Size / 2; i++)
            {
                (int a, int b) = style == RotaryStyle.Interleaved ? (2 * i, (2 * i) + 1) : (i, i + (Size / 2));
                double angle = position * Math.Pow(5000, -2.0 * i / Size);
                Assert.Equal((head[a] * Math.Cos(angle)) - (head[b] * Math.Sin(angle)), turned[a], 3e-7);
                Assert.Equal((head[a] * Math.Sin(angle)) + (head[b] * Math.Cos(angle)), turned[b], 3e-7);
            }
        }
        Assert.Equal(head, Apply(table, head, 0));
    }

    [Fact]
    public void Both_styles_and_all_widths_give_the_same_bits()
    {
        foreach (int size in new[] { 8, 40, 64, 128 })
        {
            float[] head = Head(size);
            // The same pairs, laid out in halves.
            float[] halves = new float[size];
            for (int i = 0; i < size; i++) halves[(i / 2) + (i % 2 * (size / 2))] = head[i];
            float[] expected = Apply(new RotaryTable(new RotarySettings(size, RotaryStyle.Interleaved), VectorWidth.Bits128), head, 777);
            foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
            {
                Assert.Equal(expected, Apply(new RotaryTable(new RotarySettings(size, RotaryStyle.Interleaved), width), head, 777));
                float[] turned = Apply(new RotaryTable(new RotarySettings(size, RotaryStyle.Halves), width), halves, 777);
                for (int i = 0; i < size; i++) Assert.Equal(expected[i], turned[(i / 2) + (i % 2 * (size / 2))]);
            }
        }
    }

    [Fact]
    public void Scores_depend_on_the_distance_alone()
    {
        var table = new RotaryTable(new RotarySettings(64, RotaryStyle.Halves));
        float[] q = Head(64);
        float[] k = [.. Head(64).Reverse()];
        float near = ScalarMath.Dot(Apply(table, q, 17), Apply(table, k, 5));
        float far = ScalarMath.Dot(Apply(table, q, 3017), Apply(table, k, 3005));
        Assert.Equal(near, far, 2e-5f);
    }

    [Fact]
    public void Only_the_rotated_elements_change_and_every_head_of_a_token()
    {
        var table = new RotaryTable(new RotarySettings(32, RotaryStyle.Halves));
        float[] heads = [.. Head(80), .. Head(80)];
        float[] turned = [.. heads];
        fixed (float* p = turned) table.Apply(p, 2, 80, 9);
        Assert.Equal(heads[32..80], turned[32..80]);
        Assert.Equal(turned[..80], turned[80..]);
        Assert.Equal(Apply(table, heads[..80], 9), turned[..80]);
        Assert.NotEqual(heads[..32], turned[..32]);
    }

    [Fact]
    public void Linear_scaling_divides_positions_and_divisors_divide_frequencies()
    {
        float[] head = Head(64);
        var plain = new RotaryTable(new RotarySettings(64, RotaryStyle.Halves));
        Assert.Equal(Apply(plain, head, 25), Apply(new RotaryTable(new RotarySettings(64, RotaryStyle.Halves, LinearFactor: 4)), head, 100));
        float[] twos = [.. Enumerable.Repeat(2f, 32)];
        Assert.Equal(Apply(plain, head, 50), Apply(new RotaryTable(new RotarySettings(64, RotaryStyle.Halves, Divisors: twos)), head, 100));
    }

    [Fact]
    public void Yarn_keeps_fast_pairs_stretches_slow_ones_and_blends_between()
    {
        const int Size = 128;
        var settings = new RotarySettings(Size, RotaryStyle.Halves, 10000, Yarn: new YarnScaling(16, 4096));
        (double[] frequencies, double growth) = settings.Resolve();
        // Pair that turns r times within the context: n ln(L / 2 pi r) / (2 ln b); 20.9 for 32 turns and 45.03 for one.
        for (int i = 0; i < Size / 2; i++)
        {
            double plain = Math.Pow(10000, -2.0 * i / Size);
            double kept = Math.Clamp(1 - ((i - 20) / 26.0), 0, 1);
            Assert.Equal(plain * (kept + ((1 - kept) / 16)), frequencies[i], 1e-12);
        }
        Assert.Equal(1, frequencies[0], 1e-15);
        Assert.Equal(Math.Pow(10000, -126.0 / 128) / 16, frequencies[63], 1e-15);
        Assert.Equal(1 + (0.1 * Math.Log(16)), growth, 1e-12);
        Assert.Equal(1.0, (settings with { Yarn = settings.Yarn! with { ScalesAttention = false } }).Resolve().Growth);
        // Without the blend YaRN is linear scaling.
        double[] linear = (settings with { Yarn = settings.Yarn! with { ExtrapolationFactor = 0 } }).Resolve().Frequencies;
        Assert.Equal((settings with { Yarn = null, LinearFactor = 16 }).Resolve().Frequencies, linear);
    }

    [Fact]
    public void The_attention_factor_multiplies_what_is_turned()
    {
        float[] head = Head(64);
        float[] turned = Apply(new RotaryTable(new RotarySettings(64, RotaryStyle.Halves, AttentionFactor: 2)), head, 0);
        Assert.Equal(head.Select(x => 2 * x), turned);
    }

    [Fact]
    public void A_table_grows_on_demand_and_then_allocates_nothing()
    {
        var table = new RotaryTable(new RotarySettings(64, RotaryStyle.Halves));
        float[] head = Head(64);
        table.Reserve(5000);
        fixed (float* p = head)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int position = 0; position < 5000; position += 7) table.Apply(p, position);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
        Assert.True(float.IsFinite(Apply(table, Head(64), 200_000)[0]));
    }

    [Fact]
    public void Settings_that_cannot_be_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new RotaryTable(new RotarySettings(7, RotaryStyle.Halves)));
        Assert.Throws<ArgumentException>(() => new RotaryTable(new RotarySettings(8, RotaryStyle.Halves, Divisors: [1f])));
        Assert.Throws<ArgumentException>(() => new RotaryTable(new RotarySettings(8, RotaryStyle.Halves, LinearFactor: 0)));
    }

    private static float[] Head(int size)
    {
        float[] head = new float[size];
        AttentionFixture.Fill(RandomStream.Root(2).Split("head"), head, 1);
        return head;
    }

    private static float[] Apply(RotaryTable table, float[] head, int position)
    {
        float[] turned = [.. head];
        fixed (float* p = turned) table.Apply(p, position);
        return turned;
    }
}
