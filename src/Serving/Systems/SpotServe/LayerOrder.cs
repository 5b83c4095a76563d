namespace Orrery.Serving.Systems.SpotServe;

/// <summary>
/// In which order layers move, so that no GPU holds much more than before while old and new parts lie side by side.
/// </summary>
/// <remarks>
/// Miao et al., ASPLOS 2024, section 3.4 (memory-optimised migration); rule of the artefact (b): the first layer whose net change keeps
/// every surviving GPU within the tolerance; where none does, the layer that leaves the smallest peak, of equals one that relieves the
/// fullest GPU. Where memory allows, front layers thus go first.
/// </remarks>
public static class LayerOrder
{
    /// <summary>The order and the peak, in layers of a whole model, by which a surviving GPU exceeds what it held.</summary>
    public readonly record struct Result(int[] Layers, double PeakLayers);

    /// <param name="layers">Stored layers.</param>
    /// <param name="old">What GPUs hold.</param>
    /// <param name="next">What they will hold.</param>
    /// <param name="tolerance">Share of a GPU's old part by which it may exceed it for a while; infinite: layers in their order.</param>
    public static Result Of(int layers, Layout old, Layout next, double tolerance)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        int[] survivors = [.. old.Gpus.Where(gpu => next.PositionOf(gpu) is not null)];
        int oldStage = layers / old.Shape.Stages, nextStage = layers / next.Shape.Stages;
        int[] before = [.. survivors.Select(gpu => old.PositionOf(gpu)!.Value.Stage)], after = [.. survivors.Select(gpu => next.PositionOf(gpu)!.Value.Stage)];
        double gain = 1.0 / next.Shape.Tensor, loss = 1.0 / old.Shape.Tensor;
        double limit = tolerance * oldStage / old.Shape.Tensor, peak = 0;
        var held = new double[survivors.Length];
        var placed = new bool[layers];
        var order = new int[layers];
        for (int at = 0; at < layers; at++)
        {
            int layer = Within(limit);
            if (layer < 0) layer = Smallest();
            placed[layer] = true;
            order[at] = layer;
            for (int j = 0; j < held.Length; j++) held[j] += Change(layer, j);
            if (held.Length > 0) peak = Math.Max(peak, held.Max());
        }
        return new Result(order, peak);

        double Change(int layer, int j) => (layer / nextStage == after[j] ? gain : 0) - (layer / oldStage == before[j] ? loss : 0);

        int Within(double most)
        {
            for (int layer = 0; layer < layers; layer++)
            {
                if (placed[layer]) continue;
                int j = 0;
                while (j < held.Length && held[j] + Change(layer, j) <= most) j++;
                if (j == held.Length) return layer;
            }
            return -1;
        }

        int Smallest()
        {
            double fullest = held.Max(), least = double.PositiveInfinity;
            int best = -1;
            bool bestRelieves = false;
            for (int layer = 0; layer < layers; layer++)
            {
                if (placed[layer]) continue;
                double fullestAfter = 0;
                bool relieves = false;
                for (int j = 0; j < held.Length; j++)
                {
                    double change = Change(layer, j);
                    fullestAfter = Math.Max(fullestAfter, held[j] + change);
                    relieves |= change < 0 && held[j] == fullest;
                }
                if (fullestAfter > least || (fullestAfter == least && (bestRelieves || !relieves))) continue;
                (least, best, bestRelieves) = (fullestAfter, layer, relieves);
            }
            return best;
        }
    }
}
