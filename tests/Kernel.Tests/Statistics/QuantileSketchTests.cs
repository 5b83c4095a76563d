using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Tests.Statistics;

public class QuantileSketchTests
{
    private static readonly double[] Shares = [0, 0.001, 0.07, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(2048)]
    public void Quantiles_are_the_samples_themselves_up_to_the_exact_capacity(int count)
    {
        long[] samples = Samples(seed: 1, count);
        var sketch = Fill(samples);
        Assert.True(sketch.IsExact);
        Array.Sort(samples);
        foreach (double p in Shares) Assert.Equal(NearestRank(samples, p), sketch.Quantile(p));
    }

    [Fact]
    public void A_decimal_share_means_its_decimal_rank()
    {
        var sketch = new QuantileSketch();
        for (int i = 1; i <= 100; i++) sketch.Add(i);
        // 0.07 * 100 is 7.000000000000001 in binary floating point.
        for (int percent = 1; percent <= 100; percent++) Assert.Equal(percent, sketch.Quantile(percent / 100.0));
    }

    [Theory]
    [InlineData(2049)]
    [InlineData(5_000)]
    [InlineData(100_000)]
    public void Beyond_the_capacity_quantiles_are_within_the_stated_error(int count)
    {
        long[] samples = Samples(seed: 2, count);
        var sketch = Fill(samples);
        Assert.False(sketch.IsExact);
        Array.Sort(samples);
        for (int i = 0; i <= 1000; i++)
        {
            double p = i / 1000.0;
            long exact = NearestRank(samples, p);
            Assert.True(Math.Abs(sketch.Quantile(p) - exact) <= QuantileSketch.RelativeError * exact, $"p={p}: {sketch.Quantile(p)} for {exact}");
        }
        Assert.True(QuantileSketch.RelativeError <= 0.005);
    }

    [Fact]
    public void The_error_bound_holds_at_every_bucket_edge()
    {
        for (int bit = 0; bit < 62; bit++)
        {
            foreach (long value in (long[])[(1L << bit) - 1, 1L << bit, (1L << bit) + 1, (1L << bit) + (1L << Math.Max(0, bit - 7)) - 1, (2L << bit) - 1])
            {
                var sketch = new QuantileSketch();
                sketch.Add(0, 1000);
                sketch.Add(value, 3000);
                sketch.Add(long.MaxValue, 1000);
                Assert.False(sketch.IsExact);
                Assert.True(Math.Abs((double)sketch.Quantile(0.5) - value) <= QuantileSketch.RelativeError * value, $"{value} became {sketch.Quantile(0.5)}");
            }
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(2048)]
    [InlineData(2049)]
    [InlineData(10_000)]
    public void Order_grouping_and_merging_do_not_show(int count)
    {
        long[] samples = Samples(seed: 3, count);
        // Repeats make groups.
        for (int i = 0; i + 2 < count; i += 3) samples[i + 1] = samples[i];
        var plain = Fill(samples);

        long[] reversed = [.. samples];
        Array.Reverse(reversed);
        AssertSame(plain, Fill(reversed));

        var grouped = new QuantileSketch();
        foreach (var group in samples.GroupBy(s => s)) grouped.Add(group.Key, group.Count());
        AssertSame(plain, grouped);

        foreach (int parts in (int[])[2, 7])
        {
            var merged = new QuantileSketch();
            for (int part = 0; part < parts; part++) merged.Merge(Fill(samples.Where((_, i) => i % parts == part)));
            AssertSame(plain, merged);
        }
    }

    [Fact]
    public void Merging_a_sketch_with_itself_doubles_every_weight()
    {
        foreach (int count in (int[])[10, 1024, 1025, 5000])
        {
            long[] samples = Samples(seed: 4, count);
            var twice = Fill(samples);
            twice.Merge(twice);
            AssertSame(Fill([.. samples, .. samples]), twice);
        }
    }

    [Fact]
    public void Mean_and_deviation_are_exact_where_floating_sums_cancel()
    {
        var sketch = new QuantileSketch();
        const long offset = 1L << 60;
        sketch.Add(offset, 1_000_000);
        sketch.Add(offset + 2, 1_000_000);
        Assert.Equal(offset + 1, sketch.Mean);
        Assert.Equal(1.0, sketch.StandardDeviation);
        Assert.Equal((UInt128)offset * 2_000_000 + 2_000_000, sketch.Sum);
    }

    [Fact]
    public void Huge_values_and_weights_do_not_overflow()
    {
        var sketch = new QuantileSketch();
        sketch.Add(0, long.MaxValue / 4);
        sketch.Add(long.MaxValue / 4, long.MaxValue / 4);
        sketch.Add(long.MaxValue, 1);
        Assert.Equal(long.MaxValue, sketch.Max);
        Assert.Equal(0, sketch.Min);
        Assert.Equal(long.MaxValue / 8.0, sketch.Mean, 1e4);
        Assert.Equal(long.MaxValue / 8.0, sketch.StandardDeviation, 1e4);
        Assert.Equal(long.MaxValue / 4.0, sketch.Quantile(0.9), QuantileSketch.RelativeError * long.MaxValue / 4);
        Assert.Throws<OverflowException>(() => sketch.Add(1, long.MaxValue));
    }

    [Fact]
    public void Sums_carry_through_every_word()
    {
        // Against arbitrary-precision arithmetic, with values whose squares fill the low words with ones.
        long[] values = [long.MaxValue, uint.MaxValue, (1L << 32) + 1, 3_037_000_499, long.MaxValue - 1, 1, 0, 1L << 62];
        var sketch = new QuantileSketch();
        System.Numerics.BigInteger count = 0, sum = 0, squares = 0;
        RandomStream random = RandomStream.Root(12).Split("carries");
        for (int i = 0; i < 20_000; i++)
        {
            long value = i % 2 == 0 ? values[i / 2 % values.Length] : (long)(random.NextUInt64() >> (1 + random.NextInt(62)));
            long weight = i % 3 == 0 ? 1 : 1 + random.NextInt(1 << 30);
            if (weight == 1) sketch.Add(value);
            else sketch.Add(value, weight);
            count += weight;
            sum += (System.Numerics.BigInteger)value * weight;
            squares += (System.Numerics.BigInteger)value * value * weight;
        }
        Assert.Equal((long)count, sketch.Count);
        Assert.Equal(sum, (System.Numerics.BigInteger)sketch.Sum);
        Assert.Equal(Math.Sqrt((double)((squares * count) - (sum * sum))) / (double)count, sketch.StandardDeviation);
        sketch.Merge(sketch);
        Assert.Equal(2 * sum, (System.Numerics.BigInteger)sketch.Sum);
        Assert.Equal(Math.Sqrt((double)((4 * squares * count) - (4 * sum * sum))) / (double)(2 * count), sketch.StandardDeviation);
    }

    [Fact]
    public void Zeros_are_samples_and_zero_weights_are_none()
    {
        var sketch = new QuantileSketch();
        sketch.Add(7, 0);
        Assert.True(sketch.IsEmpty);
        sketch.Add(0, 5000);
        Assert.Equal(0, sketch.Quantile(0.5));
        Assert.Equal(0, sketch.StandardDeviation);
        Assert.Equal(new Summary(5000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), sketch.Summarize(1e9));
    }

    [Fact]
    public void Bad_input_and_empty_questions_are_refused()
    {
        var sketch = new QuantileSketch();
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Add(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Add(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Add(1, -2));
        Assert.Throws<InvalidOperationException>(() => sketch.Quantile(0.5));
        Assert.Throws<InvalidOperationException>(() => sketch.Mean);
        Assert.Null(sketch.Summarize(1));
        sketch.Add(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Quantile(1.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Quantile(double.NaN));
    }

    [Fact]
    public void A_summary_in_seconds_has_the_digits_of_the_nanoseconds()
    {
        var sketch = new QuantileSketch();
        sketch.Add(51_511_296);
        Assert.Equal("0.051511296", sketch.Summarize(1e9)!.P50.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void The_summary_is_scaled_and_a_cleared_sketch_starts_anew()
    {
        var sketch = Fill(Samples(seed: 5, 5000));
        sketch.Clear();
        Assert.Null(sketch.Summarize(1));
        for (int i = 1; i <= 1000; i++) sketch.Add(i * 1_000_000L);
        var summary = sketch.Summarize(1e6)!;
        Assert.Equal(1000, summary.Count);
        Assert.Equal(500.5, summary.Mean, 1e-9);
        Assert.Equal(Math.Sqrt(((1000.0 * 1000) - 1) / 12), summary.Std, 1e-9);
        double[] figures = [summary.Min, summary.P10, summary.P25, summary.P50, summary.P75, summary.P90, summary.P95, summary.P99, summary.P999, summary.Max];
        Assert.Equal([1.0, 100, 250, 500, 750, 900, 950, 990, 999, 1000], figures.Select(f => Math.Round(f, 9)));
    }

    [Fact]
    public void Adding_allocates_nothing_once_the_range_is_known()
    {
        var sketch = Fill(Samples(seed: 6, 10_000));
        long[] more = Samples(seed: 6, 10_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (long value in more) sketch.Add(value);
        foreach (long value in more) sketch.Add(value, 3);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static QuantileSketch Fill(IEnumerable<long> samples)
    {
        var sketch = new QuantileSketch();
        foreach (long sample in samples) sketch.Add(sample);
        return sketch;
    }

    // Log-uniform over 1 ns to about 18 minutes: every power of two is hit.
    private static long[] Samples(ulong seed, int count)
    {
        var random = RandomStream.Root(seed).Split("samples");
        long[] samples = new long[count];
        for (int i = 0; i < count; i++) samples[i] = (long)Math.Exp(random.NextDouble() * Math.Log(1e12));
        return samples;
    }

    private static long NearestRank(long[] sorted, double p) => sorted[Math.Max(0, (int)Math.Ceiling((decimal)p * sorted.Length) - 1)];

    private static void AssertSame(QuantileSketch expected, QuantileSketch actual)
    {
        Assert.Equal(expected.Summarize(1e9), actual.Summarize(1e9));
        Assert.Equal(expected.IsExact, actual.IsExact);
        Assert.Equal(expected.Sum, actual.Sum);
        for (int i = 0; i <= 200; i++) Assert.Equal(expected.Quantile(i / 200.0), actual.Quantile(i / 200.0));
    }
}
