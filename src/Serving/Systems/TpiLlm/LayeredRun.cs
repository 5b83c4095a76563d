namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>
/// The baselines that run whole layers: on one device with what does not fit on disk, or on a chain of devices of which one works at a
/// time. A pass is the sum of its parts, because none of them overlaps reading with computing.
/// </summary>
public static class LayeredRun
{
    /// <summary>One device: see <see cref="EdgeSystem.Accelerate"/> and <see cref="EdgeSystem.Transformers"/>.</summary>
    /// <param name="whole">The model uncut.</param>
    /// <param name="swapBytesPerSecond">What the operating system brings back of pages that it had to drop.</param>
    /// <param name="offloads">Layers beyond the memory stay on disk and are read in order; else everything is read through swap.</param>
    public static EdgeTimes Alone(ShardedModel whole, EdgeNode node, double swapBytesPerSecond, bool offloads, EdgeRequest request)
    {
        ArgumentNullException.ThrowIfNull(whole);
        double weights = whole.WeightBytes(0);
        double beside = Beside(whole, 1, request);
        double over = Math.Max(0, weights + beside - node.MemoryBytes);
        // One layer at a time is in memory while it runs, whatever does not fit.
        double layer = whole.Attention(0).WeightBytes + whole.Feed(0).WeightBytes;
        double read = over == 0 ? 0 : offloads ? Math.Min(weights, over + layer) / node.DiskBytesPerSecond : weights / swapBytesPerSecond;
        double first = Compute(whole, node, request.PromptTokens, request.PromptContext, whole.Model.Layers) + HeadSeconds(whole, node);
        double further = Compute(whole, node, 1, request.PromptTokens + (request.AnswerTokens / 2.0), whole.Model.Layers) + HeadSeconds(whole, node);
        // Cold: the weights come from disk once in any case.
        double cold = weights / node.DiskBytesPerSecond;
        double peak = Math.Min(node.MemoryBytes, weights + beside);
        return new(Math.Max(cold, read) + first, read + further, further, 0, read, peak, 0);
    }

    /// <summary>A chain of devices with equal numbers of layers; the first has embedding and head.</summary>
    public static EdgeTimes Chain(ShardedModel whole, IReadOnlyList<EdgeNode> nodes, Allreduce link, double swapBytesPerSecond, EdgeRequest request)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(nodes);
        int[] layers = HeadSplit.Of(whole.Model.Layers, [.. nodes.Select(_ => 1.0)]);
        double layerBytes = whole.Attention(0).WeightBytes + whole.Feed(0).WeightBytes;
        double ends = whole.Embedding.WeightBytes + whole.Head.WeightBytes;
        double first = HeadSeconds(whole, nodes[0]);
        double further = first;
        double disk = 0;
        double cold = 0;
        double context = request.PromptTokens + (request.AnswerTokens / 2.0);
        var peaks = new double[nodes.Count];
        for (int i = 0; i < nodes.Count; i++)
        {
            double weights = (layers[i] * layerBytes) + (i == 0 ? ends : 0);
            peaks[i] = weights + Beside(whole, (double)layers[i] / whole.Model.Layers, request);
            if (peaks[i] > nodes[i].MemoryBytes) disk += weights / swapBytesPerSecond;
            cold = Math.Max(cold, weights / nodes[i].DiskBytesPerSecond);
            first += Compute(whole, nodes[i], request.PromptTokens, request.PromptContext, layers[i]);
            further += Compute(whole, nodes[i], 1, context, layers[i]);
        }
        int hops = nodes.Count > 1 ? nodes.Count : 0;
        double Hop(double tokens) => link.LatencySeconds + (whole.StreamBytes(tokens) / link.BytesPerSecond);
        return new(
            Math.Max(cold, disk) + first + (hops * Hop(request.PromptTokens)), further + disk + (hops * Hop(1)), further, hops * Hop(1), disk,
            peaks[0], peaks.Skip(1).DefaultIfEmpty(0).Max());
    }

    private static double Beside(ShardedModel whole, double share, EdgeRequest request) =>
        (share * whole.KvBytes(0, request.Tokens)) + whole.ActivationBytes(0, request.PromptTokens, request.PromptTokens);

    private static double Compute(ShardedModel whole, EdgeNode node, double tokens, double context, int layers) =>
        layers * (whole.Attention(0).Seconds(node, tokens, context) + whole.Feed(0).Seconds(node, tokens, context));

    private static double HeadSeconds(ShardedModel whole, EdgeNode node) =>
        (whole.Head with { FlopsPerToken = 2 * whole.Model.EmbeddingParameters }).Seconds(node, 1, 0);
}
