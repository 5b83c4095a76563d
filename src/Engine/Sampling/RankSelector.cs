namespace Orrery.Engine.Sampling;

/// <summary>Finds a place in the order of falling scores without sorting them.</summary>
/// <remarks>
/// The order is: higher score first, equal scores by the lower token. The range of scores is cut into equal buckets, the bucket that holds
/// the place is found by its sum of weights, and only its members are looked at further: sorted when they are few, cut again when they are
/// many. Sums are of integers, so the answer is that of a full sort. Expected work is linear in the number of scores.
/// </remarks>
internal sealed class RankSelector
{
    private const int Buckets = 1024;

    /// <summary>So few are sorted at once.</summary>
    private const int SortAtMost = 64;

    private readonly int[] _buckets;
    private readonly int[] _members;
    private readonly long[] _sums = new long[Buckets];
    private readonly long[] _innerSums = new long[Buckets];
    private readonly ulong[] _keys = new ulong[SortAtMost];
    private bool _isCut;

    public RankSelector(int capacity)
    {
        _buckets = GC.AllocateUninitializedArray<int>(capacity);
        _members = GC.AllocateUninitializedArray<int>(capacity);
    }

    /// <summary>Makes ready to find places among these scores.</summary>
    /// <param name="scores">Finite, in the order of their tokens.</param>
    /// <param name="weights">Of each score, not negative; empty when each counts as one.</param>
    public void Load(ReadOnlySpan<float> scores, ReadOnlySpan<long> weights)
    {
        _isCut = false;
        if (scores.Length <= SortAtMost) return;
        (float low, float high) = ScoreVectors.Range(scores);
        float scale = Scale(low, high);
        if (scale == 0f) return;
        _isCut = true;
        Array.Clear(_sums);
        Span<int> buckets = _buckets.AsSpan(0, scores.Length);
        ScoreVectors.Cut(scores, high, scale, buckets);
        if (weights.IsEmpty)
        {
            foreach (int bucket in buckets) _sums[bucket]++;
            return;
        }
        for (int i = 0; i < buckets.Length; i++) _sums[buckets[i]] += weights[i];
    }

    /// <summary>The first place, in falling order, at which the sum of weights exceeds <paramref name="target"/>.</summary>
    /// <param name="target">At least 0 and below the sum of all weights.</param>
    /// <param name="through">The sum of weights up to and with that place.</param>
    /// <returns>The index into the scores given to <see cref="Load"/>.</returns>
    public int Find(ReadOnlySpan<float> scores, ReadOnlySpan<long> weights, long target, out long through)
    {
        long before = 0;
        int count;
        if (_isCut)
        {
            int bucket = Locate(_sums, target, ref before);
            count = ScoreVectors.Members(_buckets.AsSpan(0, scores.Length), bucket, _members);
        }
        else
        {
            count = scores.Length;
            for (int i = 0; i < count; i++) _members[i] = i;
        }
        while (count > SortAtMost)
        {
            (float low, float high) = Range(scores, _members.AsSpan(0, count));
            float scale = Scale(low, high);
            // All equal (or nearer than a float can part): they stand in the order of their tokens.
            if (scale == 0f && low == high) return Walk(weights, count, target, before, out through);
            if (scale == 0f) return WalkSorted(scores, weights, count, target, before, out through);
            count = Narrow(scores, weights, count, (high, scale), target, ref before);
        }
        return WalkSorted(scores, weights, count, target, before, out through);
    }

    /// <summary>Keeps the members of the bucket that holds the target.</summary>
    private int Narrow(ReadOnlySpan<float> scores, ReadOnlySpan<long> weights, int count, (float High, float Scale) cut, long target, ref long before)
    {
        Array.Clear(_innerSums);
        for (int m = 0; m < count; m++)
        {
            int i = _members[m];
            _innerSums[(int)((cut.High - scores[i]) * cut.Scale)] += weights.IsEmpty ? 1 : weights[i];
        }
        int bucket = Locate(_innerSums, target, ref before);
        int kept = 0;
        for (int m = 0; m < count; m++)
        {
            int i = _members[m];
            if ((int)((cut.High - scores[i]) * cut.Scale) == bucket) _members[kept++] = i;
        }
        return kept;
    }

    private int WalkSorted(ReadOnlySpan<float> scores, ReadOnlySpan<long> weights, int count, long target, long before, out long through)
    {
        // More than SortAtMost only where scores are subnormal numbers apart; then a sort in place of the members' keys is not worth a buffer.
        Span<ulong> keys = count <= SortAtMost ? _keys.AsSpan(0, count) : new ulong[count];
        for (int m = 0; m < count; m++) keys[m] = RankKey.Of(scores[_members[m]], _members[m]);
        keys.Sort();
        for (int m = 0; m < count; m++) _members[m] = RankKey.IndexOf(keys[m]);
        return Walk(weights, count, target, before, out through);
    }

    private int Walk(ReadOnlySpan<long> weights, int count, long target, long before, out long through)
    {
        through = before;
        for (int m = 0; m < count; m++)
        {
            through += weights.IsEmpty ? 1 : weights[_members[m]];
            if (through > target) return _members[m];
        }
        throw new InvalidOperationException("the place lies beyond the sum of all weights");
    }

    private static int Locate(long[] sums, long target, ref long before)
    {
        for (int bucket = 0; bucket < sums.Length; bucket++)
        {
            if (before + sums[bucket] > target) return bucket;
            before += sums[bucket];
        }
        throw new InvalidOperationException("the place lies beyond the sum of all weights");
    }

    /// <summary>Buckets per unit of score; 0 when the range cannot be cut.</summary>
    private static float Scale(float low, float high)
    {
        // The rounded product must stay below the number of buckets; one spare bucket absorbs it.
        float scale = (Buckets - 2) / (high - low);
        return float.IsFinite(scale) ? scale : 0f;
    }

    private static (float Low, float High) Range(ReadOnlySpan<float> scores, ReadOnlySpan<int> members)
    {
        float low = scores[members[0]];
        float high = low;
        foreach (int member in members)
        {
            low = scores[member] < low ? scores[member] : low;
            high = scores[member] > high ? scores[member] : high;
        }
        return (low, high);
    }
}
