using Orrery.Kernel.Random;

namespace Orrery.Serving.Systems.Helix;

/// <summary>
/// Looks for the placement with the largest maximum flow without an integer solver (d): simulated annealing from the best of the known placements.
/// A step moves one machine to where others begin or end, exchanges two, or shifts a seam between machines by a layer. The same stream gives
/// the same placement.
/// </summary>
public sealed class HelixSearch(HelixCluster cluster, HelixModel model, HelixFlow flow, bool partial)
{
    /// <summary>Temperature at the beginning as a share of the bound (d).</summary>
    public const double FirstTemperature = 0.02;

    /// <summary>Temperature at the end as a share of the bound (d).</summary>
    public const double LastTemperature = 0.0002;

    /// <summary>Weight of the layer with the least throughput beside the flow: it leads where the flow is flat (d).</summary>
    public const double CoverageWeight = 0.25;

    /// <summary>The search ends when the flow reaches this share of the bound (b).</summary>
    public const double GoodEnough = 0.995;

    private readonly int _nodes = cluster.Nodes.Count;
    private readonly double[] _coverage = new double[model.Layers];

    /// <summary>Searches.</summary>
    /// <param name="starts">Placements to begin with; one of them may have the largest flow already.</param>
    /// <param name="evaluations">Steps, over all starts.</param>
    /// <param name="random">Its own stream.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>The best placement seen and its flow in tokens per second.</returns>
    public (HelixPlacement Placement, double Flow) Run(IReadOnlyList<HelixPlacement> starts, int evaluations, RandomStream random, CancellationToken cancel)
    {
        double bound = flow.ComputeBound();
        HelixPlacement best = starts[0].Copy();
        double bestFlow = flow.Solve(best, partial);
        for (int i = 0; i < starts.Count; i++)
        {
            RandomStream stream = random.Split(i);
            HelixPlacement current = starts[i].Copy();
            double currentFlow = flow.Solve(current, partial);
            double currentScore = Score(current, currentFlow);
            if (currentFlow > bestFlow) (best, bestFlow) = (current.Copy(), currentFlow);
            HelixPlacement next = current.Copy();
            int steps = evaluations / starts.Count;
            for (int step = 0; step < steps && bestFlow < GoodEnough * bound; step++)
            {
                if (step % 1024 == 0) cancel.ThrowIfCancellationRequested();
                double temperature = bound * FirstTemperature * Math.Pow(LastTemperature / FirstTemperature, (double)step / steps);
                current.CopyTo(next);
                Change(next, stream);
                double nextFlow = flow.Solve(next, partial);
                double nextScore = Score(next, nextFlow);
                if (nextScore < currentScore && stream.NextDouble() >= Math.Exp((nextScore - currentScore) / temperature)) continue;
                (current, next) = (next, current);
                currentScore = nextScore;
                if (nextFlow <= bestFlow) continue;
                current.CopyTo(best);
                bestFlow = nextFlow;
            }
        }
        return (best, bestFlow);
    }

    private double Score(HelixPlacement placement, double value)
    {
        Array.Clear(_coverage);
        for (int node = 0; node < _nodes; node++)
        {
            if (placement.Layers[node] == 0) continue;
            double capacity = flow.Capacity(node, placement.Layers[node]);
            for (int layer = placement.Start[node]; layer < placement.End(node); layer++) _coverage[layer] += capacity;
        }
        double least = double.PositiveInfinity;
        foreach (double sum in _coverage) least = Math.Min(least, sum);
        return value + (CoverageWeight * least);
    }

    private void Change(HelixPlacement placement, RandomStream random)
    {
        int kind = random.NextInt(8);
        if (kind < 4) Move(placement, random);
        else if (kind < 6) ShiftSeam(placement, random);
        else Exchange(placement, random);
    }

    // A machine to an interval that begins where another ends, or ends where another begins.
    private void Move(HelixPlacement placement, RandomStream random)
    {
        int node = random.NextInt(_nodes);
        int most = Most(node);
        int other = random.NextInt(_nodes + 1);
        int layers = 1 + random.NextInt(most);
        if (random.NextInt(2) == 0)
        {
            int start = other == _nodes ? 0 : placement.End(other);
            if (other != _nodes && random.NextInt(2) == 0) start = placement.Start[other];
            if (start >= model.Layers) start = 0;
            // Often up to where another machine begins or ends.
            if (random.NextInt(2) == 0) layers = UpTo(placement, start, most, random, layers);
            placement.Set(node, start, Math.Min(layers, model.Layers - start));
            return;
        }
        int end = other == _nodes ? model.Layers : placement.Start[other];
        if (end == 0) end = model.Layers;
        layers = Math.Min(layers, end);
        placement.Set(node, end - layers, layers);
    }

    private int UpTo(HelixPlacement placement, int start, int most, RandomStream random, int fallback)
    {
        int other = random.NextInt(_nodes);
        int end = random.NextInt(2) == 0 ? placement.Start[other] : placement.End(other);
        return end > start && end - start <= most ? end - start : fallback;
    }

    // All machines that end at a seam and all that begin there, by a layer in one direction.
    private void ShiftSeam(HelixPlacement placement, RandomStream random)
    {
        int seam = placement.Start[random.NextInt(_nodes)];
        if (seam == 0) return;
        int by = random.NextInt(2) == 0 ? 1 : -1;
        for (int node = 0; node < _nodes; node++)
        {
            if (placement.Layers[node] == 0) continue;
            int start = placement.Start[node] == seam ? seam + by : placement.Start[node];
            int end = placement.End(node) == seam ? seam + by : placement.End(node);
            if (end - start < 1 || end - start > Most(node)) continue;
            placement.Set(node, start, end - start);
        }
    }

    private void Exchange(HelixPlacement placement, RandomStream random)
    {
        int a = random.NextInt(_nodes);
        int b = random.NextInt(_nodes);
        (int start, int layers) = (placement.Start[a], placement.Layers[a]);
        placement.Set(a, placement.Start[b], Math.Min(placement.Layers[b], Most(a)));
        placement.Set(b, start, Math.Min(layers, Most(b)));
    }

    private int Most(int node) => Math.Min(model.Profiles[cluster.Nodes[node].Kind].MaxLayers, model.Layers);
}
