namespace Orrery.Serving.Scheduling;

/// <summary>The most tokens of a step that a prompt's next slice may fill up to: one budget, or one that falls as the prompt grows.</summary>
public sealed class ChunkSizes
{
    private readonly int[] _sizes;
    private readonly int _stageTokens;

    private ChunkSizes(int[] sizes, int stageTokens)
    {
        _sizes = sizes;
        _stageTokens = stageTokens;
    }

    /// <summary>The largest of them.</summary>
    public int Largest => _sizes[0];

    /// <summary>The same for every slice.</summary>
    public static ChunkSizes Constant(int tokens) => new([tokens], int.MaxValue);

    /// <summary>
    /// Equal steps down from high to low: each stage covers an equal part of the scheduled tokens, what lies beyond keeps the low size.
    /// Later slices read more history, so they take longer per token.
    /// </summary>
    /// <param name="high">Size at the beginning of a prompt.</param>
    /// <param name="low">Size in the last stage.</param>
    /// <param name="stages">Number of sizes, at least 1.</param>
    /// <param name="scheduledTokens">Prompt tokens over which the stages are spread.</param>
    /// <param name="multiple">Every size is rounded to the nearest multiple of this (of the low size, when that is smaller).</param>
    public static ChunkSizes Falling(int high, int low, int stages, int scheduledTokens, int multiple)
    {
        int unit = Math.Min(multiple, low);
        int[] sizes = new int[stages];
        for (int i = 0; i < stages; i++)
        {
            double size = stages == 1 ? high : Math.Truncate(high - ((double)(high - low) * i / (stages - 1)));
            sizes[i] = (int)(Math.Round(size / unit, MidpointRounding.ToEven) * unit);
        }
        return new(sizes, ((scheduledTokens - 1) / stages) + 1);
    }

    /// <summary>The size for a slice that begins after so many processed tokens.</summary>
    public int After(int processedTokens) => _sizes[Math.Min(processedTokens / _stageTokens, _sizes.Length - 1)];
}
