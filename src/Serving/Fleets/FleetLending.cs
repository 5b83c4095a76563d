using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Serving.Lending;
using Orrery.Serving.Replicas;
using Orrery.World.Cost;

namespace Orrery.Serving.Fleets;

/// <summary>A fleet whose replicas lend KV memory to each other: makes what each needs, and opens the market when all are there.</summary>
/// <param name="design">What they are and how they lend.</param>
public sealed class FleetLending(LendingDesign design)
{
    private readonly List<LendingAgent> _agents = [];

    /// <summary>The market; null before <see cref="Open"/>.</summary>
    public LendingMarket? Market { get; private set; }

    /// <summary>The memories, in order of replicas.</summary>
    public IReadOnlyList<LendingMemory> Memories => [.. _agents.Select(static agent => agent.Memory)];

    /// <summary>The parts of the next replica, with a memory and step times that know of others.</summary>
    /// <param name="parts">Without lending.</param>
    /// <param name="cost">Its steps without lending.</param>
    public ReplicaParts Equip(ReplicaParts parts, ICostModel cost)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Index != _agents.Count) throw new ArgumentException($"replica {parts.Index} is equipped as number {_agents.Count}", nameof(parts));
        LendingAgent agent = design.CreateAgent(parts.Index);
        _agents.Add(agent);
        return parts with
        {
            Memory = agent.Memory,
            Executor = new Execution.ModelledExecutor(design.Cost(cost, agent)),
            AddOns = [.. parts.AddOns, agent],
        };
    }

    /// <summary>Starts the rounds of a complete fleet.</summary>
    /// <param name="clock">Time.</param>
    /// <param name="fleet">With one replica for each that was equipped.</param>
    /// <param name="cost">Steps of a replica without lending, as the policy predicts them.</param>
    /// <param name="random">The fleet's stream for lending.</param>
    public LendingMarket Open(Clock clock, Fleet fleet, ICostModel cost, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        return Market = new(clock, [.. fleet.Replicas], _agents, design.Spec.Create(random), design.Facts(cost), design.Spec, () => fleet.IsTrafficOver && fleet.Live == 0);
    }
}
