namespace Orrery.Engine.Sampling;

/// <summary>Working memory of samplers over one vocabulary: about 28 bytes per token of it, touched only as far as needed.</summary>
/// <remarks>Samplers that never work at the same time (a batch's sequences, sampled one after another) may share one.</remarks>
public sealed class SamplingBuffers
{
    private const int BitsPerWord = 64;

    /// <exception cref="ArgumentOutOfRangeException">The vocabulary is empty or larger than 2^22.</exception>
    public SamplingBuffers(int vocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabulary);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabulary, ScoreVectors.MaxVocabulary);
        Vocabulary = vocabulary;
        Scores = GC.AllocateUninitializedArray<float>(vocabulary);
        Mask = new ulong[(vocabulary + BitsPerWord - 1) / BitsPerWord];
        Head = new(vocabulary);
    }

    /// <summary>Tokens of the vocabulary.</summary>
    public int Vocabulary { get; }

    internal float[] Scores { get; }

    internal ulong[] Mask { get; }

    internal Head Head { get; }

    /// <summary>Sets the scores of tokens whose bit is clear to minus infinity.</summary>
    internal static void Forbid(ReadOnlySpan<ulong> allowed, Span<float> scores)
    {
        for (int word = 0; word < allowed.Length; word++)
        {
            ulong bits = allowed[word];
            if (bits == ulong.MaxValue) continue;
            int first = word * BitsPerWord;
            Span<float> part = scores[first..Math.Min(first + BitsPerWord, scores.Length)];
            if (bits == 0)
            {
                part.Fill(float.NegativeInfinity);
                continue;
            }
            for (int i = 0; i < part.Length; i++)
            {
                if (((bits >> i) & 1) == 0) part[i] = float.NegativeInfinity;
            }
        }
    }
}
