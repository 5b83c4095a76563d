namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>How partial sums are added over the nodes.</summary>
public enum AllreduceKind
{
    /// <summary>Workers send to the master, which adds and sends the sum to all.</summary>
    Star,

    /// <summary>A binary tree up and down.</summary>
    Tree,

    /// <summary>Reduce-scatter and all-gather around a ring.</summary>
    Ring,
}

/// <summary>
/// Times of an allreduce on links of one-way latency τ and bandwidth B, for n nodes and b bytes (d, from TPI-LLM's mechanism). With
/// x = b/B: star 2τ + 2(n−1)x, where all messages of a direction go through the master's one port; tree 2⌈log₂ n⌉(τ + x); ring
/// 2(n−1)(τ + x/n). For n = 8 the star beats the tree exactly when τ &gt; 2x.
/// </summary>
/// <param name="LatencySeconds">τ.</param>
/// <param name="BytesPerSecond">B, of every node's port.</param>
public readonly record struct Allreduce(AllreduceKind Kind, double LatencySeconds, double BytesPerSecond)
{
    /// <summary>Memory accesses per element that the master adds: it reads two numbers and writes one (d).</summary>
    private const double AccessesPerSum = 3;

    /// <summary>Seconds from the moment all nodes have their part to the moment the last has the sum, without the additions.</summary>
    public double Seconds(int nodes, double bytes)
    {
        if (nodes < 2) return 0;
        double wire = bytes / BytesPerSecond;
        return Kind switch
        {
            AllreduceKind.Star => (2 * LatencySeconds) + (2 * (nodes - 1) * wire),
            AllreduceKind.Tree => 2 * Math.Ceiling(Math.Log2(nodes)) * (LatencySeconds + wire),
            _ => 2 * (nodes - 1) * (LatencySeconds + (wire / nodes)),
        };
    }

    /// <summary>
    /// Seconds of additions: the master's n−1 of the whole tensor in a star, one per level of the tree, n−1 of a share in a ring.
    /// </summary>
    /// <param name="memoryBytesPerSecond">Of the node that adds.</param>
    public double AddSeconds(int nodes, double bytes, double memoryBytesPerSecond)
    {
        if (nodes < 2) return 0;
        double tensors = Kind switch
        {
            AllreduceKind.Star => nodes - 1,
            AllreduceKind.Tree => Math.Ceiling(Math.Log2(nodes)),
            _ => (nodes - 1.0) / nodes,
        };
        return tensors * AccessesPerSum * bytes / memoryBytesPerSecond;
    }

    /// <summary>
    /// When all nodes have the sum, if node i has its part at <paramref name="ready"/>[i]; node 0 is the master. In a star its port takes
    /// one message at a time, in the order of arrival or, as the reference does (b), in the order of the nodes, so that a slow worker
    /// holds up those behind it. Tree and ring begin when the last part is there.
    /// </summary>
    /// <param name="ready">Seconds.</param>
    /// <param name="inOrder">The master reads node 1 first, then node 2, …</param>
    public double Finish(ReadOnlySpan<double> ready, double bytes, bool inOrder, double memoryBytesPerSecond)
    {
        double last = 0;
        foreach (double at in ready) last = Math.Max(last, at);
        double add = AddSeconds(ready.Length, bytes, memoryBytesPerSecond);
        if (Kind != AllreduceKind.Star || ready.Length < 2) return last + Seconds(ready.Length, bytes) + add;
        double wire = bytes / BytesPerSecond;
        Span<double> arrivals = stackalloc double[ready.Length - 1];
        for (int i = 0; i < arrivals.Length; i++) arrivals[i] = ready[i + 1] + LatencySeconds;
        if (!inOrder) arrivals.Sort();
        double port = 0;
        foreach (double arrival in arrivals) port = Math.Max(port, arrival) + wire;
        return Math.Max(port, ready[0]) + add + ((ready.Length - 1) * wire) + LatencySeconds;
    }
}
