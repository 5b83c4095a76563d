using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Placements of other systems, as the paper compares with them.</summary>
public static class HelixBaselines
{
    /// <summary>
    /// Swarm (Ryabinin et al. 2023, as the official repository builds it) (b): stages of equal size, as few as fit the smallest machine; machines go,
    /// strongest first, to the stage with the least throughput so far.
    /// </summary>
    /// <exception cref="InputException">No equal stages cover the model.</exception>
    public static HelixPlacement Swarm(HelixCluster cluster, HelixModel model, HelixThroughput throughput)
    {
        int smallest = cluster.Nodes.Min(node => model.Profiles[node.Kind].MaxLayers);
        int stages = Enumerable.Range(1, model.Layers).First(count => model.Layers % count == 0 && model.Layers / count <= smallest);
        if (cluster.Nodes.Count < stages)
        {
            throw new InputException($"placement: swarm needs {stages} stages of {model.Layers / stages} layers and the cluster has {cluster.Nodes.Count} machines;"
                + " give it more machines or write `placement: helix`");
        }
        int size = model.Layers / stages;
        HelixPlacement placement = new(cluster.Nodes.Count);
        double[] sums = new double[stages];
        // Of equals the later machine first: the published sort runs over (throughput, index) from the largest on.
        IEnumerable<int> order = Enumerable.Range(0, cluster.Nodes.Count)
            .OrderByDescending(node => throughput.TokensPerSecond(cluster.Nodes[node].Kind, size)).ThenByDescending(node => node);
        foreach (int node in order)
        {
            int stage = Array.IndexOf(sums, sums.Min());
            placement.Set(node, stage * size, size);
            sums[stage] += throughput.TokensPerSecond(cluster.Nodes[node].Kind, size);
        }
        return placement;
    }

    /// <summary>
    /// Petals (Borzunov et al. 2023, appendix D, as the official repository builds it) (b): in random order each machine takes its most layers where
    /// the sorted throughputs of the layers are least, lexicographically. Requests enter machines in the middle of their layers.
    /// </summary>
    public static HelixPlacement Petals(HelixCluster cluster, HelixModel model, HelixThroughput throughput, RandomStream random)
    {
        int[] order = [.. Enumerable.Range(0, cluster.Nodes.Count)];
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        HelixPlacement placement = new(cluster.Nodes.Count);
        double[] sums = new double[model.Layers];
        foreach (int node in order)
        {
            string kind = cluster.Nodes[node].Kind;
            int layers = Math.Min(model.Profiles[kind].MaxLayers, model.Layers);
            int best = 0;
            double[]? least = null;
            for (int start = 0; start + layers <= model.Layers; start++)
            {
                double[] interval = sums[start..(start + layers)];
                Array.Sort(interval);
                if (least is not null && interval.AsSpan().SequenceCompareTo(least) >= 0) continue;
                least = interval;
                best = start;
            }
            placement.Set(node, best, layers);
            for (int layer = best; layer < best + layers; layer++) sums[layer] += throughput.TokensPerSecond(kind, layers);
        }
        return placement;
    }

    /// <summary>
    /// Separate pipelines (b): each kind of machine serves the model alone, as many pipelines as the kind can form, layers spread evenly. A kind that is
    /// too small for that holds more layers than a planner would put there, where it is known to fit; else it is left out.
    /// </summary>
    /// <param name="plus">Machines that are left out form one more pipeline together (SP+).</param>
    /// <returns>The placement, and the machines of each pipeline in their order.</returns>
    /// <exception cref="InputException">No kind can serve the model alone.</exception>
    public static (HelixPlacement Placement, IReadOnlyList<IReadOnlyList<int>> Pipelines) Separate(HelixCluster cluster, HelixModel model, bool plus)
    {
        HelixPlacement placement = new(cluster.Nodes.Count);
        List<IReadOnlyList<int>> pipelines = [];
        List<int> left = [];
        foreach (IGrouping<string, int> kind in Enumerable.Range(0, cluster.Nodes.Count).GroupBy(node => cluster.Nodes[node].Kind))
        {
            int[] nodes = [.. kind];
            int shortest = ((model.Layers - 1) / model.Profiles[kind.Key].MaxLayers) + 1;
            int count = Math.Max(1, nodes.Length / shortest);
            for (int i = 0; i < count; i++)
            {
                int[] part = nodes[(nodes.Length * i / count)..(nodes.Length * (i + 1) / count)];
                if (Spread(part, cluster, model, placement)) pipelines.Add(part);
                else left.AddRange(part);
            }
        }
        if (plus && Spread([.. left], cluster, model, placement)) pipelines.Add(left);
        if (pipelines.Count == 0)
            throw new InputException("placement: no kind of machine can serve the model alone; write `placement: helix`, or separate-plus for a mixed pipeline");
        return (placement, pipelines);
    }

    /// <summary>Layers in even shares over machines in a row, the smaller shares first, no more than the planner would put on each; false where they do not fit.</summary>
    internal static bool SpreadEvenly(int[] nodes, HelixCluster cluster, HelixModel model, HelixPlacement placement)
    {
        int start = 0;
        int larger = model.Layers % nodes.Length;
        for (int i = 0; i < nodes.Length; i++)
        {
            int layers = Math.Min((model.Layers / nodes.Length) + (i >= nodes.Length - larger ? 1 : 0), model.Profiles[cluster.Nodes[nodes[i]].Kind].MaxLayers);
            if (layers == 0) return false;
            placement.Set(nodes[i], start, layers);
            start += layers;
        }
        return true;
    }

    // Even shares, the smaller ones first.
    private static bool Spread(int[] nodes, HelixCluster cluster, HelixModel model, HelixPlacement placement)
    {
        if (nodes.Length == 0) return false;
        int start = 0;
        int larger = model.Layers % nodes.Length;
        for (int i = 0; i < nodes.Length; i++)
        {
            int layers = (model.Layers / nodes.Length) + (i >= nodes.Length - larger ? 1 : 0);
            if (!model.Profiles[cluster.Nodes[nodes[i]].Kind].CanHold(layers))
            {
                foreach (int node in nodes) placement.Set(node, 0, 0);
                return false;
            }
            placement.Set(nodes[i], start, layers);
            start += layers;
        }
        return true;
    }
}
