using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>A router as data.</summary>
public abstract record RouterSpec
{
    public abstract IRouter Create(RandomStream random);
}

/// <summary>One replica after the other.</summary>
public sealed record RoundRobinOptions : RouterSpec
{
    public override IRouter Create(RandomStream random) => new RoundRobin();

    private sealed class RoundRobin : IRouter
    {
        private int _next;

        public int Choose(Sequence sequence, IFleetView fleet)
        {
            int chosen = _next;
            _next = (_next + 1) % fleet.Count;
            return chosen;
        }
    }
}

/// <summary>Every router that a scenario may name.</summary>
public static class Routers
{
    public static PluginRegistry<RouterSpec> Registry { get; } = new(
        "router", new Plugin<RouterSpec, RoundRobinOptions>("round-robin", "one replica after the other", "textbook", new OptionSet<RoundRobinOptions>()));
}
