using System.Numerics;
using System.Runtime.CompilerServices;

namespace Orrery.Kernel.Statistics;

/// <summary>
/// Count, mean, spread and quantiles of non-negative integers (nanoseconds, tokens, …) in bounded memory: exact up to
/// <see cref="ExactCapacity"/> samples, afterwards a log-linear histogram whose quantiles are within <see cref="RelativeError"/>.
/// </summary>
/// <remarks>
/// <para>Quantiles are nearest-rank: the smallest sample that at least a share p of the samples does not exceed. Every answer is a pure
/// function of the multiset of samples: it depends neither on the order of adds, nor on how equal samples are grouped into weights, nor
/// on how partial sketches are merged. Count, minimum, maximum, mean and standard deviation are exact at any size, from integer sums
/// of 128 and 192 bits that cannot overflow.</para>
/// <para>Memory: at most 16 KiB while exact; afterwards 1 KiB for every power of two between the smallest and the largest sample, at
/// most 57 KiB. The histogram's layout is that of HDR histograms: a power-of-two range is cut into 128 equal buckets.</para>
/// </remarks>
public sealed class QuantileSketch
{
    /// <summary>Up to this many samples (weights counted) every quantile is exact.</summary>
    public const int ExactCapacity = 2048;

    /// <summary>Bound on |answer − sample at that rank| / sample beyond the exact capacity: half a bucket, 2⁻⁸ ≈ 0.39 %.</summary>
    public const double RelativeError = 1.0 / (2 << SubBucketBits);

    private const int SubBucketBits = 7;
    private const int SubBuckets = 1 << SubBucketBits;
    private const int SmallestBuffer = 16;

    // While exact: samples in any order, _count of them. Afterwards null, and _buckets counts from bucket _firstBucket on.
    private long[]? _samples = [];
    private bool _sorted = true;
    private long[] _buckets = [];
    private int _firstBucket;

    private long _count;
    private long _min = long.MaxValue;
    private long _max;
    private ulong _sumLow;
    private ulong _sumHigh;

    // The sum of squares, 192 bits: 2^63 samples below 2^63 need 189.
    private ulong _squaresLow;
    private ulong _squaresMiddle;
    private ulong _squaresHigh;

    /// <summary>Samples so far, weights counted.</summary>
    public long Count => _count;

    public bool IsEmpty => _count == 0;

    /// <summary>True while all quantiles are exact.</summary>
    public bool IsExact => _samples is not null;

    /// <exception cref="InvalidOperationException">The sketch is empty.</exception>
    public long Min => _count > 0 ? _min : throw Empty();

    /// <inheritdoc cref="Min"/>
    public long Max => _count > 0 ? _max : throw Empty();

    /// <summary>The exact sum of all samples.</summary>
    public UInt128 Sum => new(_sumHigh, _sumLow);

    /// <summary>The exact sum divided by the count, rounded once.</summary>
    /// <inheritdoc cref="Min"/>
    public double Mean => _count > 0 ? (double)Sum / _count : throw Empty();

    /// <summary>Standard deviation of the samples themselves (divisor: count), from exact sums, so free of cancellation.</summary>
    /// <inheritdoc cref="Min"/>
    public double StandardDeviation
    {
        get
        {
            if (_count == 0) throw Empty();
            BigInteger squares = ((BigInteger)_squaresHigh << 128) + ((BigInteger)_squaresMiddle << 64) + _squaresLow;
            BigInteger sum = Sum;
            return Math.Sqrt((double)((squares * _count) - (sum * sum))) / _count;
        }
    }

    /// <summary>Adds one sample.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public void Add(long value)
    {
        if (value < 0) ThrowNegative(value, nameof(value));
        if (_samples is not null)
        {
            AddSlowly(value, 1);
            return;
        }
        Tally(value);
        AddSum((ulong)value, 0);
        ulong high = Math.BigMul((ulong)value, (ulong)value, out ulong low);
        AddSquares(low, high, 0);
        Bucket(value)++;
    }

    /// <summary>Adds one sample <paramref name="weight"/> times: the same as that many single adds. Weight 0 adds nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value or the weight is negative.</exception>
    public void Add(long value, long weight)
    {
        if (value < 0) ThrowNegative(value, nameof(value));
        if (weight <= 0)
        {
            if (weight < 0) ThrowNegative(weight, nameof(weight));
            return;
        }
        if (_samples is not null)
        {
            AddSlowly(value, weight);
            return;
        }
        TallyWeighted(value, weight);
        Bucket(value) += weight;
    }

    /// <summary>Adds all samples of another sketch, as if each had been added here.</summary>
    public void Merge(QuantileSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._count == 0) return;
        long count = checked(_count + other._count);
        if (count <= ExactCapacity)
        {
            // The copy must not disturb `other` when it is this very sketch.
            EnsureSamples((int)count);
            Array.Copy(other._samples!, 0, _samples!, (int)_count, (int)other._count);
            _sorted = false;
        }
        else
        {
            BecomeHistogram();
            if (other._samples is { } samples)
            {
                for (int i = 0; i < other._count; i++) Bucket(samples[i])++;
            }
            else
            {
                long[] buckets = other._buckets;
                int first = other._firstBucket;
                for (int i = 0; i < buckets.Length; i++)
                {
                    if (buckets[i] != 0) BucketAt(first + i) += buckets[i];
                }
            }
        }
        _count = count;
        _min = Math.Min(_min, other._min);
        _max = Math.Max(_max, other._max);
        AddSum(other._sumLow, other._sumHigh);
        AddSquares(other._squaresLow, other._squaresMiddle, other._squaresHigh);
    }

    /// <summary>The nearest-rank quantile: the sample of rank max(1, ⌈p · count⌉) in ascending order.</summary>
    /// <param name="p">Share in [0, 1]; taken to 15 significant digits, so that 0.07 of 100 samples is the 7th and not the 8th.</param>
    /// <returns>The sample itself while <see cref="IsExact"/> (and for the first and last rank always); otherwise the middle of its
    /// bucket.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is not in [0, 1].</exception>
    /// <exception cref="InvalidOperationException">The sketch is empty.</exception>
    public long Quantile(double p)
    {
        if (!(p >= 0 && p <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "a quantile's share lies in [0, 1]");
        if (_count == 0) throw Empty();
        long rank = Math.Max(1, (long)Math.Ceiling((decimal)p * _count));
        if (_samples is { } samples)
        {
            if (!_sorted)
            {
                Array.Sort(samples, 0, (int)_count);
                _sorted = true;
            }
            return samples[rank - 1];
        }
        if (rank == 1) return _min;
        if (rank == _count) return _max;
        long below = 0;
        int index = -1;
        while (below < rank) below += _buckets[++index];
        return Math.Clamp(Middle(_firstBucket + index), _min, _max);
    }

    /// <summary>The usual figures in a larger unit, of which each holds <paramref name="unitsPerOne"/> of the samples' units (1e9 for
    /// nanoseconds in seconds); null when empty.</summary>
    /// <remarks>Division by a power of ten rounds once, so that 51,511,296 ns is 0.051511296 s; a product with 1e-9 is not.</remarks>
    public Summary? Summarize(double unitsPerOne) => _count == 0
        ? null
        : new Summary(
            _count, Mean / unitsPerOne, StandardDeviation / unitsPerOne, _min / unitsPerOne,
            Quantile(0.10) / unitsPerOne, Quantile(0.25) / unitsPerOne, Quantile(0.50) / unitsPerOne, Quantile(0.75) / unitsPerOne,
            Quantile(0.90) / unitsPerOne, Quantile(0.95) / unitsPerOne, Quantile(0.99) / unitsPerOne, Quantile(0.999) / unitsPerOne,
            _max / unitsPerOne);

    /// <summary>Forgets every sample; keeps the histogram's memory.</summary>
    public void Clear()
    {
        Array.Clear(_buckets);
        _samples = [];
        _sorted = true;
        _count = 0;
        _min = long.MaxValue;
        _max = 0;
        (_sumLow, _sumHigh) = (0, 0);
        (_squaresLow, _squaresMiddle, _squaresHigh) = (0, 0, 0);
    }

    private static int IndexOf(long value)
    {
        int shift = Math.Max(0, 63 - SubBucketBits - BitOperations.LeadingZeroCount((ulong)value));
        return (shift << SubBucketBits) + (int)(value >> shift);
    }

    private static long Middle(int index)
    {
        int shift = Math.Max(0, (index >> SubBucketBits) - 1);
        long low = (long)(index - (shift << SubBucketBits)) << shift;
        return low + ((1L << shift) >> 1);
    }

    private void AddSlowly(long value, long weight)
    {
        long count = checked(_count + weight);
        if (count > ExactCapacity)
        {
            BecomeHistogram();
            TallyWeighted(value, weight);
            Bucket(value) += weight;
            return;
        }
        EnsureSamples((int)count);
        _samples.AsSpan((int)_count, (int)weight).Fill(value);
        _sorted = false;
        TallyWeighted(value, weight);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Tally(long value)
    {
        _count = checked(_count + 1);
        if (value < _min) _min = value;
        if (value > _max) _max = value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TallyWeighted(long value, long weight)
    {
        _count = checked(_count + weight);
        if (value < _min) _min = value;
        if (value > _max) _max = value;
        ulong totalHigh = Math.BigMul((ulong)value, (ulong)weight, out ulong totalLow);
        AddSum(totalLow, totalHigh);
        // value² · weight in three words.
        ulong squareHigh = Math.BigMul((ulong)value, (ulong)value, out ulong squareLow);
        ulong carry = Math.BigMul(squareLow, (ulong)weight, out ulong low);
        ulong high = Math.BigMul(squareHigh, (ulong)weight, out ulong middle);
        middle += carry;
        if (middle < carry) high++;
        AddSquares(low, middle, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddSum(ulong low, ulong high)
    {
        ulong sum = _sumLow + low;
        _sumHigh += high + (sum < low ? 1UL : 0UL);
        _sumLow = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddSquares(ulong low, ulong middle, ulong high)
    {
        // Three words have no integer type; the carries are written out. `middle` wraps only when the carry lands on all ones.
        ulong lowSum = _squaresLow + low;
        if (lowSum < low && ++middle == 0) high++;
        ulong middleSum = _squaresMiddle + middle;
        if (middleSum < middle) high++;
        _squaresLow = lowSum;
        _squaresMiddle = middleSum;
        _squaresHigh += high;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref long Bucket(long value) => ref BucketAt(IndexOf(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref long BucketAt(int index)
    {
        long[] buckets = _buckets;
        int offset = index - _firstBucket;
        if ((uint)offset < (uint)buckets.Length) return ref buckets[offset];
        return ref Grow(index);
    }

    // Extends the histogram by whole powers of two so that it covers the bucket.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref long Grow(int index)
    {
        int first = index & -SubBuckets;
        int end = first + SubBuckets;
        if (_buckets.Length > 0)
        {
            first = Math.Min(first, _firstBucket);
            end = Math.Max(end, _firstBucket + _buckets.Length);
        }
        long[] larger = new long[end - first];
        if (_buckets.Length > 0) _buckets.CopyTo(larger, _firstBucket - first);
        _buckets = larger;
        _firstBucket = first;
        return ref larger[index - first];
    }

    private void EnsureSamples(int count)
    {
        if (_samples!.Length >= count) return;
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count, SmallestBuffer));
        Array.Resize(ref _samples, Math.Min(size, ExactCapacity));
    }

    private void BecomeHistogram()
    {
        if (_samples is not { } samples) return;
        _samples = null;
        for (int i = 0; i < _count; i++) Bucket(samples[i])++;
    }

    private static void ThrowNegative(long value, string name) =>
        throw new ArgumentOutOfRangeException(name, value, "a quantile sketch takes values and weights of zero or more");

    private static InvalidOperationException Empty() => new("the sketch holds no sample; ask Count or Summarize first");
}
