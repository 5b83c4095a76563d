namespace Orrery.Serving.Lending;

/// <summary>
/// What one holder of a part of a sequence's keys and values tells of one query and head: the largest score m, the sum e of exp(s − m) and the
/// values o weighted alike, not yet divided. Parts combine in any order and grouping to what attention over all tokens at once gives.
/// </summary>
/// <remarks>
/// Exact mathematics: m = max mⱼ, e = Σ eⱼ·exp(mⱼ − m), o = Σ oⱼ·exp(mⱼ − m), answer o / e (DistAttention, arXiv 2401.02669; the same algebra
/// as blockwise softmax). The largest score is subtracted before every exponential, and everything is kept in single precision, so that 16-bit
/// scores of a long context do not overflow.
/// </remarks>
public sealed class PartialAttention
{
    private readonly float[] _output;

    private PartialAttention(float largest, float sum, float[] output)
    {
        Largest = largest;
        Sum = sum;
        _output = output;
    }

    /// <summary>The largest score; −∞ where there are no tokens.</summary>
    public float Largest { get; }

    /// <summary>Σ exp(s − largest); 0 where there are no tokens.</summary>
    public float Sum { get; }

    /// <summary>Σ exp(s − largest) · v, one number per dimension of the values.</summary>
    public ReadOnlySpan<float> Output => _output;

    /// <summary>A holder without tokens: combines with anything and changes nothing.</summary>
    /// <param name="width">Dimensions of the values.</param>
    public static PartialAttention None(int width) => new(float.NegativeInfinity, 0, new float[width]);

    /// <summary>One query over the tokens of one holder.</summary>
    /// <param name="query">d numbers.</param>
    /// <param name="keys">tokens × d, row by row.</param>
    /// <param name="values">tokens × width, row by row.</param>
    /// <param name="width">Dimensions of the values.</param>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    public static PartialAttention Of(ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, int width)
    {
        int d = query.Length;
        if (d == 0 || keys.Length % d != 0) throw new ArgumentException($"{keys.Length} numbers are no keys of {d} dimensions", nameof(keys));
        int tokens = keys.Length / d;
        if (values.Length != tokens * width) throw new ArgumentException($"{tokens} keys and {values.Length} numbers of values of {width} dimensions do not fit together", nameof(values));
        float[] output = new float[width];
        if (tokens == 0) return None(width);
        float scale = 1 / MathF.Sqrt(d);
        float[] scores = new float[tokens];
        float largest = float.NegativeInfinity;
        for (int t = 0; t < tokens; t++)
        {
            float score = 0;
            for (int i = 0; i < d; i++) score += query[i] * keys[(t * d) + i];
            scores[t] = score * scale;
            largest = MathF.Max(largest, scores[t]);
        }
        float sum = 0;
        for (int t = 0; t < tokens; t++)
        {
            float weight = MathF.Exp(scores[t] - largest);
            sum += weight;
            for (int i = 0; i < width; i++) output[i] += weight * values[(t * width) + i];
        }
        return new(largest, sum, output);
    }

    /// <summary>Both parts as one.</summary>
    /// <exception cref="ArgumentException">They are of different widths.</exception>
    public PartialAttention With(PartialAttention other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._output.Length != _output.Length) throw new ArgumentException($"values of {other._output.Length} and {_output.Length} dimensions do not combine", nameof(other));
        if (other.Sum == 0) return this;
        if (Sum == 0) return other;
        float largest = MathF.Max(Largest, other.Largest);
        float own = MathF.Exp(Largest - largest);
        float others = MathF.Exp(other.Largest - largest);
        float[] output = new float[_output.Length];
        for (int i = 0; i < output.Length; i++) output[i] = (_output[i] * own) + (other._output[i] * others);
        return new(largest, (Sum * own) + (other.Sum * others), output);
    }

    /// <summary>The answer of attention over all tokens that were combined.</summary>
    /// <exception cref="InvalidOperationException">There were none.</exception>
    public float[] Finish()
    {
        if (Sum == 0) throw new InvalidOperationException("attention over no tokens has no answer");
        float[] answer = new float[_output.Length];
        for (int i = 0; i < answer.Length; i++) answer[i] = _output[i] / Sum;
        return answer;
    }
}
