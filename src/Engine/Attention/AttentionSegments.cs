using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Fixed pieces of a sequence: what makes the result independent of how the work is cut.</summary>
/// <remarks>
/// Each segment has its own maximum, sum and weighted values; segments are joined in order of position (as in Milakov and Gimelshein 2018, on-line
/// soft-max (c)). The segments are those of the sequence, not of the batch, so one query's operations depend only on its position and what it sees.
/// </remarks>
internal static class AttentionSegments
{
    /// <summary>Positions of one segment: long enough that joining costs nothing, short enough that scores of a block stay in the cache.</summary>
    public const int Tokens = 512;

    public const int Pages = Tokens / KvStore.PageTokens;

    /// <summary>Room for the scores of one query: the segment and one page more, because pages are taken in pairs; no power of two, so that rows do not fall into the same cache sets.</summary>
    public const int ScoreStride = Tokens + Lanes.Count;

    /// <summary>First position that a query sees.</summary>
    public static int FirstSeen(int position, int window) => window > 0 ? Math.Max(0, position - window + 1) : 0;
}
