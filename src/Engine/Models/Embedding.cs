namespace Orrery.Engine.Models;

/// <summary>How the states of a text's tokens become one vector.</summary>
public enum EmbeddingPooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The last one, which has seen all.</summary>
    Last,
}

/// <summary>Vectors of texts, of length one: their product is the cosine of the angle between them.</summary>
public static class Embedding
{
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text's ids, at least one.</param>
    /// <param name="pooling">How states become one vector.</param>
    /// <returns>As many numbers as the model is wide.</returns>
    /// <exception cref="Kernel.InputException">More tokens than the model's context.</exception>
    public static float[] Of(Transformer model, ReadOnlySpan<int> tokens, EmbeddingPooling pooling)
    {
        if (tokens.IsEmpty) throw new ArgumentException("there are no tokens to embed", nameof(tokens));
        using var session = new ModelSession(model, tokens.Length);
        double[] sum = new double[model.Config.Width];
        session.AppendStates(tokens, state =>
        {
            if (pooling == EmbeddingPooling.Last) Array.Clear(sum);
            for (int i = 0; i < sum.Length; i++) sum[i] += state[i];
        });
        // Dividing by the number of tokens is left out: the length is made one.
        double squares = 0;
        foreach (double value in sum) squares += value * value;
        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(sum, value => (float)(value * scale));
    }
}
