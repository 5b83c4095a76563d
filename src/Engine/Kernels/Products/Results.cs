namespace Orrery.Engine.Kernels.Products;

/// <summary>Hands results over from scratch memory.</summary>
internal static unsafe class Results
{
    /// <param name="results">Results of the first row of activations.</param>
    /// <param name="stride">Numbers from one row to the next.</param>
    /// <param name="share">Where they go, and whether they are added.</param>
    /// <param name="firstRow">The first row of activations.</param>
    /// <param name="rows">How many.</param>
    /// <param name="output">The first output row.</param>
    /// <param name="count">How many of these: the rest of a last tile is empty.</param>
    public static void Deliver(float* results, int stride, in ProductShare share, int firstRow, int rows, int output, int count)
    {
        for (int i = 0; i < rows; i++)
        {
            float* from = results + ((long)i * stride);
            float* to = share.Output + ((long)(firstRow + i) * share.OutputStride) + output;
            if (!share.Adds) new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
            else for (int j = 0; j < count; j++) to[j] += from[j];
        }
    }
}
