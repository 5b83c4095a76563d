using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Chains;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Chooses each hop among the machines that hold the next layer and from which the rest of the model can be reached.</summary>
public abstract class HopRouter : IChainRouter
{
    private readonly int[][] _next;

    /// <param name="placement">Where the layers are.</param>
    /// <param name="modelLayers">m.</param>
    /// <param name="partial">Requests may enter machines in the middle of their layers.</param>
    protected HopRouter(HelixPlacement placement, int modelLayers, bool partial)
    {
        int nodes = placement.Start.Length;
        bool[] reaches = new bool[nodes];
        // Later ends first: a machine only leads to later ends.
        foreach (int node in Enumerable.Range(0, nodes).OrderByDescending(placement.End))
        {
            reaches[node] = placement.Layers[node] > 0
                && (placement.End(node) == modelLayers || Enumerable.Range(0, nodes).Any(other => reaches[other] && placement.Connects(node, other, partial)));
        }
        _next = new int[nodes + 1][];
        _next[0] = [.. Enumerable.Range(0, nodes).Where(node => reaches[node] && placement.Start[node] == 0)];
        for (int node = 0; node < nodes; node++)
            _next[node + 1] = [.. Enumerable.Range(0, nodes).Where(other => other != node && reaches[other] && placement.Connects(node, other, partial))];
    }

    public bool Admit(ChainRequest request, IChainView view, List<int> path) => true;

    public int Next(ChainRequest request, int host, int layer, IChainView view) => Choose(request, host, _next[host + 1], view);

    public virtual void StageDone(ChainRequest request, int from, int host, Duration taken)
    {
    }

    protected abstract int Choose(ChainRequest request, int from, int[] candidates, IChainView view);
}

/// <summary>Any machine, drawn evenly.</summary>
public sealed class RandomHops(HelixPlacement placement, int modelLayers, bool partial, RandomStream random) : HopRouter(placement, modelLayers, partial)
{
    protected override int Choose(ChainRequest request, int from, int[] candidates, IChainView view) => candidates[random.NextInt(candidates.Length)];
}

/// <summary>The machine where the fewest stages wait.</summary>
public sealed class ShortestQueueHops(HelixPlacement placement, int modelLayers, bool partial) : HopRouter(placement, modelLayers, partial)
{
    protected override int Choose(ChainRequest request, int from, int[] candidates, IChainView view) => candidates.MinBy(view.Queued);
}

/// <summary>
/// Swarm's scheduler (b): each machine keeps a priority for each machine after it; the least is taken and grows by the smoothed time that a request takes
/// to be sent there and run.
/// </summary>
public sealed class SwarmHops(HelixPlacement placement, int modelLayers, bool partial) : HopRouter(placement, modelLayers, partial)
{
    /// <summary>Weight of the newest time (b).</summary>
    public const double Smoothing = 0.8;

    /// <summary>Priorities and times at the beginning, in seconds (b).</summary>
    public const double InitialSeconds = 0.05;

    private readonly Dictionary<(int From, int To), (double Priority, double Seconds)> _state = [];

    public override void StageDone(ChainRequest request, int from, int host, Duration taken)
    {
        (double priority, double seconds) = State(from, host);
        _state[(from, host)] = (priority, (Smoothing * taken.Seconds) + ((1 - Smoothing) * seconds));
    }

    protected override int Choose(ChainRequest request, int from, int[] candidates, IChainView view)
    {
        int best = candidates[0];
        foreach (int candidate in candidates)
        {
            if (State(from, candidate).Priority < State(from, best).Priority) best = candidate;
        }
        (double priority, double seconds) = State(from, best);
        _state[(from, best)] = (priority + seconds, seconds);
        return best;
    }

    private (double Priority, double Seconds) State(int from, int to) => _state.GetValueOrDefault((from, to), (InitialSeconds, InitialSeconds));
}

/// <summary>Separate pipelines: the stream of a request says which.</summary>
public sealed class PipelineHops(IReadOnlyList<IReadOnlyList<int>> pipelines) : IChainRouter
{
    public bool Admit(ChainRequest request, IChainView view, List<int> path)
    {
        path.AddRange(pipelines[request.Stream]);
        return true;
    }

    public int Next(ChainRequest request, int host, int layer, IChainView view) => throw new InvalidOperationException("the whole path was chosen when it was admitted");
}
