namespace Orrery.Serving.Scheduling;

/// <summary>
/// The most KV that a set of sequences will hold at once if each produces what is expected of it, one token a step, and leaves then.
/// </summary>
/// <remarks>
/// With sequences sorted by what they still grow, longest first, the k-th is there with all before it when it ends, and each of them has
/// grown as much: peak = max over k of (growth_k · k + Σ held by the first k). Blocks that several share are not counted here.
/// </remarks>
public sealed class KvForecast
{
    // Sorted by rising negative growth, which is falling growth.
    private int[] _negativeGrowth = new int[64];
    private int[] _held = new int[64];
    private int _count;

    /// <summary>Starts again with nobody.</summary>
    public void Clear() => _count = 0;

    /// <summary>Adds one; call <see cref="Sort"/> after the last.</summary>
    /// <param name="heldTokens">Room that it alone holds.</param>
    /// <param name="growthTokens">What it will need beyond.</param>
    public void Add(int heldTokens, int growthTokens)
    {
        if (_count == _held.Length)
        {
            Array.Resize(ref _negativeGrowth, _count * 2);
            Array.Resize(ref _held, _count * 2);
        }
        _negativeGrowth[_count] = -growthTokens;
        _held[_count++] = heldTokens;
    }

    public void Sort() => Array.Sort(_negativeGrowth, _held, 0, _count);

    /// <summary>Peak tokens if one more sequence joined.</summary>
    public long PeakWith(int heldTokens, int growthTokens)
    {
        long peak = 0;
        long held = 0;
        int rank = 0;
        bool isIn = false;
        for (int i = 0; i <= _count; i++)
        {
            if (!isIn && (i == _count || -_negativeGrowth[i] <= growthTokens))
            {
                isIn = true;
                held += heldTokens;
                peak = Math.Max(peak, ((long)growthTokens * ++rank) + held);
            }
            if (i == _count) break;
            held += _held[i];
            peak = Math.Max(peak, ((long)-_negativeGrowth[i] * ++rank) + held);
        }
        return peak;
    }

    /// <summary>One more joins a sorted set.</summary>
    public void Join(int heldTokens, int growthTokens)
    {
        Add(heldTokens, growthTokens);
        int index = _count - 1;
        while (index > 0 && _negativeGrowth[index - 1] > -growthTokens)
        {
            _negativeGrowth[index] = _negativeGrowth[index - 1];
            _held[index] = _held[index - 1];
            index--;
        }
        _negativeGrowth[index] = -growthTokens;
        _held[index] = heldTokens;
    }
}
