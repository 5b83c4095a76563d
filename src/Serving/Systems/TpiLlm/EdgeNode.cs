namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>A small computer at home.</summary>
/// <param name="MemoryBytesPerSecond">What its cores read from memory while they multiply.</param>
/// <param name="FlopsPerSecond">What they compute when a matrix meets many tokens.</param>
/// <param name="DiskBytesPerSecond">What it reads from its disk in long pieces.</param>
/// <param name="MemoryBytes">What a process may hold.</param>
public readonly record struct EdgeNode(double MemoryBytesPerSecond, double FlopsPerSecond, double DiskBytesPerSecond, double MemoryBytes);

/// <summary>A part of the model that is loaded, run and dropped as one piece.</summary>
/// <param name="WeightBytes">Of this node's share.</param>
/// <param name="FlopsPerToken">Of its matrices.</param>
/// <param name="HeadWidths">Query heads times head width, where it is attention; else 0.</param>
/// <param name="KvBytesPerToken">Keys and values that it keeps of a token.</param>
public readonly record struct EdgeBlock(double WeightBytes, double FlopsPerToken, double HeadWidths = 0, double KvBytesPerToken = 0)
{
    /// <summary>
    /// Seconds for so many tokens that see <paramref name="context"/> tokens each on average: memory or arithmetic, whichever is slower
    /// (roofline, d). Scores and values of attention take four operations per query-key pair and head width.
    /// </summary>
    public double Seconds(in EdgeNode node, double tokens, double context)
    {
        double bytes = WeightBytes + (KvBytesPerToken * context);
        double flops = tokens * (FlopsPerToken + (4 * HeadWidths * context));
        return Math.Max(bytes / node.MemoryBytesPerSecond, flops / node.FlopsPerSecond);
    }
}
