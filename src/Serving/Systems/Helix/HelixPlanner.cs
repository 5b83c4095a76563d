using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Makes the plan that the options ask for.</summary>
internal sealed class HelixPlanner(HelixOptions options, HelixModel model, HelixCluster cluster, RandomStream random, List<string> notes)
{
    /// <exception cref="InputException">The cluster cannot be used in this way.</exception>
    public HelixPlan Plan(CancellationToken cancel)
    {
        if (options.Placement is HelixPlacer.Separate or HelixPlacer.SeparatePlus) return Pipelines();
        int[][] groups = options is { Placement: HelixPlacer.Helix, ByKind: true }
            ? [.. Enumerable.Range(0, cluster.Nodes.Count).GroupBy(node => cluster.Nodes[node].Kind).Select(kind => kind.ToArray())]
            : [[.. Enumerable.Range(0, cluster.Nodes.Count)]];
        HelixPlacement placement = new(cluster.Nodes.Count);
        List<HelixPart> parts = [];
        foreach (int[] nodes in groups)
        {
            HelixCluster part = groups.Length == 1 ? cluster : cluster.Part(nodes);
            HelixThroughput throughput = new(model, part.Counts);
            HelixFlow flow = new(part, model, throughput);
            HelixPlacement found = options.Placement switch
            {
                HelixPlacer.Swarm => HelixBaselines.Swarm(part, model, throughput),
                HelixPlacer.Petals => HelixBaselines.Petals(part, model, throughput, random.Split("petals")),
                _ => Search(part, throughput, flow, cancel),
            };
            double tokensPerSecond = flow.Solve(found, options.IsPartial);
            for (int i = 0; i < nodes.Length; i++) placement.Set(nodes[i], found.Start[i], found.Layers[i]);
            (int, int, double)[] flows = [.. flow.Flows.Select(f => (f.From < 0 ? -1 : nodes[f.From], f.To < 0 ? -1 : nodes[f.To], f.TokensPerSecond))];
            parts.Add(new HelixPart(nodes, false, tokensPerSecond, flows));
        }
        return new HelixPlan(placement, parts);
    }

    private HelixPlan Pipelines()
    {
        (HelixPlacement placement, IReadOnlyList<IReadOnlyList<int>> pipelines) = HelixBaselines.Separate(cluster, model, options.Placement == HelixPlacer.SeparatePlus);
        HelixFlow flow = new(cluster, model, new HelixThroughput(model, cluster.Counts));
        List<HelixPart> parts = [];
        foreach (IReadOnlyList<int> nodes in pipelines)
        {
            double narrowest = nodes.Min(node => flow.Capacity(node, placement.Layers[node]));
            (int, int, double)[] flows = [.. nodes.Select((node, i) => (i == 0 ? -1 : nodes[i - 1], node, narrowest))];
            parts.Add(new HelixPart(nodes, true, narrowest, flows));
        }
        return new HelixPlan(placement, parts);
    }

    private HelixPlacement Search(HelixCluster part, HelixThroughput throughput, HelixFlow flow, CancellationToken cancel)
    {
        HelixSearch search = new(part, model, flow, options.PartialInference);
        (HelixPlacement placement, double found) = search.Run(Starts(part, throughput), options.Steps, random.Split("placement"), cancel);
        if (options.Solver == HelixSolver.Heuristic) return placement;
        HelixProgramme programme = new(part, model, flow, options.PartialInference, options.FastestLinks, placement);
        SolverLimits limits = new(options.SolverTime, options.SolverGap);
        (HelixPlacement better, IntegerSolution solution, bool started) = programme.Solve(new CbcSolver(), limits, flow, options.PartialInference, cancel);
        if (!started) notes.Add("cbc began without the heuristic's placement, which is none that the programme allows");
        double exact = flow.Solve(better, options.PartialInference);
        notes.Add(string.Create(CultureInfo.InvariantCulture, $"cbc ended {solution.Status} with {exact:0.#} tokens/s; the heuristic had {found:0.#}{(exact > found ? "" : ", and its placement is kept")}"));
        return exact > found ? better : placement;
    }

    // Every known placement that exists on this cluster is a start.
    private List<HelixPlacement> Starts(HelixCluster part, HelixThroughput throughput)
    {
        List<HelixPlacement> starts = [HelixBaselines.Petals(part, model, throughput, random.Split("petals"))];
        try
        {
            starts.Add(HelixBaselines.Swarm(part, model, throughput));
        }
        catch (InputException)
        {
            // Too few machines for equal stages: one start less.
            notes.Add("a search began without Swarm's placement, which needs more machines");
        }
        HelixPlacement even = new(part.Nodes.Count);
        bool fits = true;
        foreach (IGrouping<string, int> kind in Enumerable.Range(0, part.Nodes.Count).GroupBy(node => part.Nodes[node].Kind))
            fits &= HelixBaselines.SpreadEvenly([.. kind], part, model, even);
        if (fits) starts.Add(even);
        return starts;
    }
}
