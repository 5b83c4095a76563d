using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>The reference of <see cref="AttentionKernel"/>: one query and head at a time, plain loops, the same bits.</summary>
public static class ScalarAttention
{
    /// <summary>Attention of one query head.</summary>
    /// <param name="store">Keys and values up to the query's position.</param>
    /// <param name="layer">Layer of the store.</param>
    /// <param name="pageTable">Pages of the sequence.</param>
    /// <param name="kvHead">The key-value head that the query head uses.</param>
    /// <param name="shape">Scale and soft cap.</param>
    /// <param name="position">Position of the query.</param>
    /// <param name="window">Positions that it sees, its own included; 0 for all.</param>
    /// <param name="query">Of key size.</param>
    /// <param name="output">Of value size.</param>
    public static void Run(
        KvStore store, int layer, ReadOnlySpan<int> pageTable, int kvHead, AttentionShape shape, int position, int window, ReadOnlySpan<float> query, Span<float> output)
    {
        int first = AttentionSegments.FirstSeen(position, window);
        float[] scaled = new float[shape.KeySize];
        for (int d = 0; d < scaled.Length; d++) scaled[d] = query[d] * shape.Scale;
        float[] key = new float[shape.KeySize];
        float[] value = new float[shape.ValueSize];
        float[] weights = new float[AttentionSegments.Tokens];
        float[] segmentOutput = new float[shape.ValueSize];
        Span<float> lanes = stackalloc float[Lanes.Count];
        float maximum = float.NegativeInfinity;
        float sum = 0f;
        output.Clear();
        for (int segment = first / AttentionSegments.Tokens; segment <= position / AttentionSegments.Tokens; segment++)
        {
            int start = segment * AttentionSegments.Tokens;
            int from = Math.Max(first, start);
            int to = Math.Min(position, start + AttentionSegments.Tokens - 1);
            float segmentMaximum = float.NegativeInfinity;
            for (int p = from; p <= to; p++)
            {
                store.Read(layer, pageTable[p / KvStore.PageTokens], p % KvStore.PageTokens, kvHead, key, value);
                float score = 0f;
                for (int d = 0; d < key.Length; d++) score = MathF.FusedMultiplyAdd(scaled[d], key[d], score);
                weights[p - start] = shape.SoftCap > 0 ? ScalarMath.SoftCap(score, shape.SoftCap) : score;
                segmentMaximum = MathF.Max(segmentMaximum, weights[p - start]);
            }
            lanes.Clear();
            Array.Clear(segmentOutput);
            for (int p = from; p <= to; p++)
            {
                float weight = ScalarMath.Exp(weights[p - start] - segmentMaximum);
                lanes[p % Lanes.Count] += weight;
                store.Read(layer, pageTable[p / KvStore.PageTokens], p % KvStore.PageTokens, kvHead, key, value);
                for (int d = 0; d < value.Length; d++) segmentOutput[d] = MathF.FusedMultiplyAdd(weight, value[d], segmentOutput[d]);
            }
            float joined = MathF.Max(maximum, segmentMaximum);
            float before = ScalarMath.Exp(maximum - joined);
            float now = ScalarMath.Exp(segmentMaximum - joined);
            sum = MathF.FusedMultiplyAdd(sum, before, ScalarMath.SumOfLanes(lanes) * now);
            for (int d = 0; d < value.Length; d++) output[d] = MathF.FusedMultiplyAdd(output[d], before, segmentOutput[d] * now);
            maximum = joined;
        }
        for (int d = 0; d < output.Length; d++) output[d] = (output[d] / sum) + 0f;
    }
}
