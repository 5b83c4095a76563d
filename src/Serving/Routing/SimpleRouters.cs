using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>A uniformly random replica, the same for a request whatever else happens.</summary>
public sealed record RandomRouterOptions : RouterSpec
{
    public static readonly OptionSet<RandomRouterOptions> Set = new();

    public override IRouter Create(RandomStream random) => new Router(random);

    private sealed class Router(RandomStream random) : IRouter
    {
        public int Choose(Sequence sequence, IFleetView fleet) => (int)(random.Keyed(sequence.Id, 0) * fleet.Count);
    }
}

/// <summary>Replica 0, 1, …, and again.</summary>
public sealed record RoundRobinOptions : RouterSpec
{
    public static readonly OptionSet<RoundRobinOptions> Set = new();

    public override IRouter Create(RandomStream random) => new Router();

    private sealed class Router : IRouter
    {
        private int _next;

        public int Choose(Sequence sequence, IFleetView fleet)
        {
            int chosen = _next % fleet.Count;
            _next = chosen + 1;
            return chosen;
        }
    }
}

/// <summary>Fewest live requests.</summary>
public sealed record LeastLoadedOptions : RouterSpec
{
    public static readonly OptionSet<LeastLoadedOptions> Set = new();

    public override IRouter Create(RandomStream random) => new LeastRouter(LoadMeasure.Requests);
}

/// <summary>Fewest live tokens.</summary>
public sealed record LeastTokensOptions : RouterSpec
{
    public static readonly OptionSet<LeastTokensOptions> Set = new();

    public override IRouter Create(RandomStream random) => new LeastRouter(LoadMeasure.Tokens);
}

/// <summary>The replica with the least load.</summary>
public sealed class LeastRouter(LoadMeasure measure) : IRouter
{
    public int Choose(Sequence sequence, IFleetView fleet) => Loads.Least(fleet, measure);
}
