using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Orrery.Engine.Sampling;

/// <summary>Passes over the scores of a vocabulary, a vector at a time.</summary>
/// <remarks>
/// Weights are integers: exp(x) for x at most 0, in units of 2^-40, rounded. Integer sums do not depend on their order, so a sum over
/// lanes, blocks or a sorted list is the same number, and selection by partial sums agrees exactly with a full sort. What lies more than
/// 28 below the maximum has the weight 0: less than 5e-13 of the likeliest token's probability. The code is written once over 16 lanes;
/// narrower machines split them, with the same result.
/// </remarks>
internal static class ScoreVectors
{
    /// <summary>The weight of the likeliest token.</summary>
    public const long UnitWeight = 1L << 40;

    /// <summary>2^22 tokens of the highest weight stay within a signed 64-bit sum.</summary>
    public const int MaxVocabulary = 1 << 22;

    /// <summary>Scores that share one entry of the block maxima.</summary>
    public const int Block = 64;

    // exp on a reduced argument: coefficients of the Cephes library's expf (Moshier, c); relative error about 1e-7.
    private const float Log2E = 1.44269504088896341f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;
    private const float P0 = 1.9875691500e-4f;
    private const float P1 = 1.3981999507e-3f;
    private const float P2 = 8.3334519073e-3f;
    private const float P3 = 4.1665795894e-2f;
    private const float P4 = 1.6666665459e-1f;
    private const float P5 = 5.0000001201e-1f;

    /// <summary>exp of it is far below half a unit of weight.</summary>
    private const float Deepest = -60f;

    private const int ExponentBias = 127;
    private const int MantissaBits = 23;

    /// <summary>1.5 * 2^23: added to a number below 2^22 it leaves the nearest whole number in the low bits.</summary>
    private const float WholeShift = 12582912f;

    /// <summary>1.5 * 2^52: added to a number below 2^51 it leaves the rounded integer in the low bits.</summary>
    private const double RoundingShift = 6755399441055744.0;

    /// <summary>The highest score; not a number when a score is not one.</summary>
    /// <param name="blockMaxima">When not empty, gets the maximum of every <see cref="Block"/> scores.</param>
    public static float Max(ReadOnlySpan<float> scores, Span<float> blockMaxima)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        Vector512<float> all = Vector512.Create(float.NegativeInfinity);
        int full = scores.Length / Block;
        for (int block = 0; block < full; block++)
        {
            ref float at = ref Unsafe.Add(ref first, block * Block);
            Vector512<float> best = Vector512.Max(
                Vector512.Max(Vector512.LoadUnsafe(ref at), Vector512.LoadUnsafe(ref at, 16)),
                Vector512.Max(Vector512.LoadUnsafe(ref at, 32), Vector512.LoadUnsafe(ref at, 48)));
            if (!blockMaxima.IsEmpty) blockMaxima[block] = Highest(best);
            all = Vector512.Max(all, best);
        }
        float highest = Highest(all);
        if (full * Block < scores.Length)
        {
            float tail = float.NegativeInfinity;
            foreach (float score in scores[(full * Block)..]) tail = MathF.Max(tail, score);
            if (!blockMaxima.IsEmpty) blockMaxima[full] = tail;
            highest = MathF.Max(highest, tail);
        }
        return highest;
    }

    /// <summary>The first place of a value that is among the scores.</summary>
    public static int IndexOf(ReadOnlySpan<float> scores, float value)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        Vector512<float> wanted = Vector512.Create(value);
        int i = 0;
        for (; i <= scores.Length - 16; i += 16)
        {
            ulong equal = Vector512.Equals(Vector512.LoadUnsafe(ref first, (nuint)i), wanted).ExtractMostSignificantBits();
            if (equal != 0) return i + BitOperations.TrailingZeroCount(equal);
        }
        for (; i < scores.Length; i++)
        {
            if (scores[i] == value) return i;
        }
        return -1;
    }

    /// <summary>The sum of the weights of scores of at least <paramref name="threshold"/>: sum of exp((score - max) * inverseTemperature).</summary>
    public static long SumWeights(ReadOnlySpan<float> scores, float max, float inverseTemperature, float threshold)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        Vector512<float> floor = Vector512.Create(threshold);
        Vector512<long> low = default;
        Vector512<long> high = default;
        int i = 0;
        for (; i <= scores.Length - 16; i += 16)
        {
            Vector512<float> score = Vector512.LoadUnsafe(ref first, (nuint)i);
            Vector512<float> power = Exp(score, max, inverseTemperature) & Vector512.GreaterThanOrEqual(score, floor);
            (Vector512<double> a, Vector512<double> b) = Vector512.Widen(power);
            low += ToUnits(a);
            high += ToUnits(b);
        }
        long sum = Vector512.Sum(low + high);
        for (; i < scores.Length; i++)
        {
            if (scores[i] >= threshold) sum += Weight(scores[i], max, inverseTemperature);
        }
        return sum;
    }

    /// <summary>The weight of each score.</summary>
    public static void Weigh(ReadOnlySpan<float> scores, float max, float inverseTemperature, Span<long> weights)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        ref long into = ref MemoryMarshal.GetReference(weights[..scores.Length]);
        int i = 0;
        for (; i <= scores.Length - 16; i += 16)
        {
            (Vector512<double> a, Vector512<double> b) = Vector512.Widen(Exp(Vector512.LoadUnsafe(ref first, (nuint)i), max, inverseTemperature));
            ToUnits(a).StoreUnsafe(ref into, (nuint)i);
            ToUnits(b).StoreUnsafe(ref into, (nuint)i + 8);
        }
        for (; i < scores.Length; i++) weights[i] = Weight(scores[i], max, inverseTemperature);
    }

    /// <summary>The weight of one score, in 2^-40.</summary>
    public static long Weight(float score, float max, float inverseTemperature)
    {
        // The same lanes as the passes: one rounding everywhere.
        Vector512<double> power = Vector512.Widen(Exp(Vector512.Create(score), max, inverseTemperature)).Lower;
        return ToUnits(power).ToScalar();
    }

    /// <summary>Copies what reaches the threshold, in the order of the tokens.</summary>
    /// <returns>How many there are.</returns>
    public static int Collect(ReadOnlySpan<float> scores, float threshold, Span<int> tokens, Span<float> kept)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        ref int tokenAt = ref MemoryMarshal.GetReference(tokens[..scores.Length]);
        ref float scoreAt = ref MemoryMarshal.GetReference(kept[..scores.Length]);
        Vector512<float> floor = Vector512.Create(threshold);
        int count = 0;
        int i = 0;
        for (; i <= scores.Length - 16; i += 16)
        {
            ulong reached = Vector512.GreaterThanOrEqual(Vector512.LoadUnsafe(ref first, (nuint)i), floor).ExtractMostSignificantBits();
            while (reached != 0)
            {
                int token = i + BitOperations.TrailingZeroCount(reached);
                reached &= reached - 1;
                Unsafe.Add(ref tokenAt, count) = token;
                Unsafe.Add(ref scoreAt, count) = Unsafe.Add(ref first, token);
                count++;
            }
        }
        for (; i < scores.Length; i++)
        {
            if (!(scores[i] >= threshold)) continue;
            tokens[count] = i;
            kept[count++] = scores[i];
        }
        return count;
    }

    /// <summary>The lowest and the highest of finite scores.</summary>
    public static (float Low, float High) Range(ReadOnlySpan<float> scores)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        Vector512<float> lowest = Vector512.Create(scores[0]);
        Vector512<float> highest = lowest;
        int i = 0;
        for (; i <= scores.Length - 16; i += 16)
        {
            Vector512<float> score = Vector512.LoadUnsafe(ref first, (nuint)i);
            lowest = Vector512.MinNative(lowest, score);
            highest = Vector512.MaxNative(highest, score);
        }
        float low = -Highest(-lowest);
        float high = Highest(highest);
        for (; i < scores.Length; i++)
        {
            low = MathF.Min(low, scores[i]);
            high = MathF.Max(high, scores[i]);
        }
        return (low, high);
    }

    /// <summary>The whole part of (high - score) * scale for each score: the number of its bucket.</summary>
    public static void Cut(ReadOnlySpan<float> scores, float high, float scale, Span<int> buckets)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        ref int into = ref MemoryMarshal.GetReference(buckets[..scores.Length]);
        int i = 0;
        for (; i <= scores.Length - 16; i += 16)
        {
            Vector512<float> place = (Vector512.Create(high) - Vector512.LoadUnsafe(ref first, (nuint)i)) * Vector512.Create(scale);
            Vector512.ConvertToInt32(place).StoreUnsafe(ref into, (nuint)i);
        }
        for (; i < scores.Length; i++) buckets[i] = (int)((high - scores[i]) * scale);
    }

    /// <summary>The indices at which a bucket stands, rising.</summary>
    /// <returns>How many there are.</returns>
    public static int Members(ReadOnlySpan<int> buckets, int bucket, Span<int> members)
    {
        ref int first = ref MemoryMarshal.GetReference(buckets);
        Vector512<int> wanted = Vector512.Create(bucket);
        int count = 0;
        int i = 0;
        for (; i <= buckets.Length - 16; i += 16)
        {
            ulong equal = Vector512.Equals(Vector512.LoadUnsafe(ref first, (nuint)i), wanted).ExtractMostSignificantBits();
            for (; equal != 0; equal &= equal - 1) members[count++] = i + BitOperations.TrailingZeroCount(equal);
        }
        for (; i < buckets.Length; i++)
        {
            if (buckets[i] == bucket) members[count++] = i;
        }
        return count;
    }

    private static float Highest(Vector512<float> lanes)
    {
        Vector256<float> eight = Vector256.Max(lanes.GetLower(), lanes.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(two[0], two[1]);
    }

    private static Vector512<float> Exp(Vector512<float> score, float max, float inverseTemperature)
    {
        Vector512<float> x = (score - Vector512.Create(max)) * Vector512.Create(inverseTemperature);
        x = Vector512.MaxNative(x, Vector512.Create(Deepest));
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2E), Vector512.Create(WholeShift));
        Vector512<float> n = shifted - Vector512.Create(WholeShift);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        Vector512<float> p = Vector512.FusedMultiplyAdd(Vector512.Create(P0), r, Vector512.Create(P1));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P2));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P3));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P4));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P5));
        p = Vector512.FusedMultiplyAdd(p, r * r, r + Vector512<float>.One);
        // The whole number n stands in the low bits; what stands above them leaves by the shift.
        Vector512<int> exponent = Vector512.ShiftLeft(shifted.AsInt32() + Vector512.Create(ExponentBias), MantissaBits);
        return p * exponent.AsSingle();
    }

    private static Vector512<long> ToUnits(Vector512<double> power)
    {
        Vector512<double> shift = Vector512.Create(RoundingShift);
        return (power * Vector512.Create((double)UnitWeight) + shift).AsInt64() - shift.AsInt64();
    }
}
