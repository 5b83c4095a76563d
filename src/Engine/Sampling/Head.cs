namespace Orrery.Engine.Sampling;

/// <summary>The likely end of a distribution over the vocabulary: what top-k, min-p and top-p keep, and a draw from it.</summary>
/// <remarks>
/// Order of falling scores, ties by the lower token, as a full sort would give; nothing is sorted but a few dozen candidates. Three facts
/// keep the number of candidates small. (1) The k-th highest of the maxima of blocks is reached by at least k scores, so the top k are among
/// the scores that reach it. (2) Tokens whose weight is below (total - t) / vocabulary sum to less than total - t, so the place t in the order
/// is among the others. (3) Weights are integers (<see cref="ScoreVectors"/>), so partial sums do not depend on the order of summation.
/// </remarks>
internal sealed class Head
{
    /// <summary>Slack of the threshold in units of x = (score - max) / temperature: far above what rounding in x and exp can shift.</summary>
    private const double ThresholdSlack = 1e-3;

    private readonly int _vocabulary;
    private readonly float[] _blockMaxima;
    private readonly int[] _tokens;
    private readonly float[] _scores;
    private readonly long[] _weights;
    private readonly RankSelector _ranks;
    private int _count;
    private long _total;
    private int _last;
    private bool _isLoaded;

    public Head(int vocabulary)
    {
        _vocabulary = vocabulary;
        _blockMaxima = new float[(vocabulary + ScoreVectors.Block - 1) / ScoreVectors.Block];
        // Pages of these arrays that no distribution reaches are never touched.
        _tokens = GC.AllocateUninitializedArray<int>(vocabulary);
        _scores = GC.AllocateUninitializedArray<float>(vocabulary);
        _weights = GC.AllocateUninitializedArray<long>(vocabulary);
        _ranks = new(vocabulary);
    }

    /// <summary>The token at <paramref name="u"/> of the cumulative distribution in falling order.</summary>
    /// <param name="u">Uniform in [0, 1).</param>
    public int Draw(ReadOnlySpan<float> scores, in HeadRules rules, double u)
    {
        Select(scores, rules, u);
        long target = Target(u, _total);
        LoadRanks();
        return _tokens[_ranks.Find(_scores.AsSpan(0, _count), _weights.AsSpan(0, _count), target, out _)];
    }

    /// <summary>Writes the probability of every token; what is cut off gets 0.</summary>
    public void Distribution(ReadOnlySpan<float> scores, in HeadRules rules, Span<float> probabilities)
    {
        Select(scores, rules, null);
        probabilities.Clear();
        for (int i = 0; i < _count; i++)
        {
            if (IsKept(i)) probabilities[_tokens[i]] = (float)((double)_weights[i] / _total);
        }
    }

    /// <summary>The so many highest scores, highest first.</summary>
    /// <returns>How many there are: fewer when fewer scores are finite.</returns>
    public int Top(ReadOnlySpan<float> scores, int count, Span<int> tokens)
    {
        ScoreVectors.Max(scores, _blockMaxima);
        CollectTop(scores, count, float.MinValue);
        Span<ulong> keys = stackalloc ulong[SamplingOptions.MaxLogprobs];
        for (int i = 0; i < _count; i++) keys[i] = RankKey.Of(_scores[i], i);
        keys[.._count].Sort();
        for (int i = 0; i < _count; i++) tokens[i] = _tokens[RankKey.IndexOf(keys[i])];
        return _count;
    }

    /// <summary>Collects a set of candidates that holds all that is kept (with a draw given: all that it needs) and the weight of what is kept.</summary>
    private void Select(ReadOnlySpan<float> scores, in HeadRules rules, double? u)
    {
        bool cutsByCount = rules.TopK > 0 && rules.TopK < _vocabulary;
        float max = ScoreVectors.Max(scores, cutsByCount ? _blockMaxima : default);
        ThrowUnlessFinite(max);
        float floor = rules.Floor(max);
        _isLoaded = false;
        _last = -1;
        if (cutsByCount)
        {
            CollectTop(scores, rules.TopK, floor);
            ScoreVectors.Weigh(_scores.AsSpan(0, _count), max, rules.InverseTemperature, _weights);
            _total = 0;
            for (int i = 0; i < _count; i++) _total += _weights[i];
        }
        else
        {
            _total = ScoreVectors.SumWeights(scores, max, rules.InverseTemperature, floor);
            long furthest = rules.TopP < 1f ? NucleusTarget(rules.TopP, _total) : u is { } value ? Target(value, _total) : _total - 1;
            float threshold = Math.Max(floor, ThresholdOf((_total - furthest) / _vocabulary, max, rules.Temperature));
            _count = ScoreVectors.Collect(scores, threshold, _tokens, _scores);
            ScoreVectors.Weigh(_scores.AsSpan(0, _count), max, rules.InverseTemperature, _weights);
        }
        if (rules.TopP >= 1f) return;
        LoadRanks();
        _last = _ranks.Find(_scores.AsSpan(0, _count), _weights.AsSpan(0, _count), NucleusTarget(rules.TopP, _total), out _total);
    }

    private void CollectTop(ReadOnlySpan<float> scores, int k, float floor)
    {
        float threshold = Math.Max(floor, BlockThreshold(k));
        _count = ScoreVectors.Collect(scores, threshold, _tokens, _scores);
        if (_count <= k) return;
        Span<float> all = _scores.AsSpan(0, _count);
        _ranks.Load(all, default);
        int last = _ranks.Find(all, default, k - 1, out _);
        float lastScore = all[last];
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (!(all[i] > lastScore || (all[i] == lastScore && i <= last))) continue;
            _tokens[kept] = _tokens[i];
            _scores[kept++] = all[i];
        }
        _count = kept;
    }

    /// <summary>A score that at least k scores reach, or the lowest number when the blocks cannot tell.</summary>
    private float BlockThreshold(int k)
    {
        _count = ScoreVectors.Collect(_blockMaxima, float.MinValue, _tokens, _scores);
        if (_count < k) return float.MinValue;
        ReadOnlySpan<float> maxima = _scores.AsSpan(0, _count);
        _ranks.Load(maxima, default);
        return maxima[_ranks.Find(maxima, default, k - 1, out _)];
    }

    private void LoadRanks()
    {
        if (_isLoaded) return;
        _ranks.Load(_scores.AsSpan(0, _count), _weights.AsSpan(0, _count));
        _isLoaded = true;
    }

    private bool IsKept(int i) => _last < 0 || _scores[i] > _scores[_last] || (_scores[i] == _scores[_last] && i <= _last);

    /// <summary>Top-p keeps the shortest prefix whose sum is at least p of all: the place of p's last unit.</summary>
    internal static long NucleusTarget(float p, long total) => Math.Clamp((long)Math.Ceiling((double)p * total) - 1, 0, total - 1);

    /// <summary>The unit of weight at u, exactly floor(u * total).</summary>
    internal static long Target(double u, long total)
    {
        // A uniform number has 53 bits.
        const int bits = 53;
        return (long)(((UInt128)(ulong)(u * (1L << bits)) * (ulong)total) >> bits);
    }

    /// <summary>A score such that everything with at least this weight reaches it.</summary>
    private static float ThresholdOf(long weight, float max, float temperature)
    {
        // A weight of w comes from at least w - 1/2 units; every weight above zero from at least half a unit.
        double units = Math.Max(weight, 1) - 0.5;
        double score = max + (temperature * (Math.Log(units / ScoreVectors.UnitWeight) - ThresholdSlack));
        return score <= float.MinValue ? float.MinValue : float.BitDecrement((float)score);
    }

    internal static void ThrowUnlessFinite(float max)
    {
        if (float.IsFinite(max)) return;
        throw new InvalidOperationException(float.IsNegativeInfinity(max)
            ? "no token is allowed: every score is minus infinity"
            : "the model's scores hold infinity or what is not a number");
    }
}
