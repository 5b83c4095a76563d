using Orrery.Documents;
using Orrery.World.Cost;
using Orrery.World.Deployments;

namespace Orrery.Serving.Execution;

/// <summary>How the operations of a step are laid out on the device, as data: it decides what a step costs, not what is in it.</summary>
public abstract record ExecutionSpec
{
    /// <summary>Why the real engine does not run so, a clause; null where it does.</summary>
    public virtual string? WhyNotLive => null;

    /// <summary>The cost of steps on a deployment, shared by the equal replicas of one run: it may keep what it has searched for.</summary>
    public abstract ICostModel Create(Deployment deployment);
}

/// <summary>One operation after the other, as engines run by default; see <see cref="RooflineCost"/>.</summary>
public sealed record SequentialExecution : ExecutionSpec
{
    public static readonly OptionSet<SequentialExecution> Set = new();

    public override ICostModel Create(Deployment deployment) => new RooflineCost(deployment);
}

/// <summary>Every execution style by name.</summary>
public static class ExecutionStyles
{
    /// <summary>What a fleet entry without <c>execution:</c> uses.</summary>
    public const string Usual = "sequential";

    public static readonly PluginRegistry<ExecutionSpec> Registry = new(
        "execution",
        new Plugin<ExecutionSpec, SequentialExecution>(Usual, "One operation after the other.", "roofline per operator (Williams et al. 2009)", () => SequentialExecution.Set),
        new Plugin<ExecutionSpec, NanoBatchExecution>("nano-batches",
            "Compute, memory and network operations of nano-batches side by side; goes with any scheduler.", "NanoFlow (OSDI 2025)", () => NanoBatchExecution.Set));
}
