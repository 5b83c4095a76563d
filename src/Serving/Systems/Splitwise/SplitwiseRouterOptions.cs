using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Routing;

namespace Orrery.Serving.Systems.Splitwise;

/// <summary>Options of Splitwise's cluster scheduler.</summary>
public sealed record SplitwiseRouterOptions : RouterSpec
{
    /// <summary>Prompt tokens that may pend on a machine whose queue is not empty (simulator, b).</summary>
    public const int DefaultPendingTokens = 8192;

    public static readonly OptionSet<SplitwiseRouterOptions> Set = new OptionSet<SplitwiseRouterOptions>()
        .Bool("pools", o => o.Pools, (o, v) => o with { Pools = v },
            "prompt, token and mixed pools by the replicas' roles; false: every machine runs both phases, fewest pending tokens first (the baseline)", "Splitwise simulator (b)")
        .Int("maxPendingTokens", o => o.MaxPendingTokens, (o, v) => o with { MaxPendingTokens = v },
            "prompt tokens that may pend on a machine whose queue is not empty; beyond them another pool is asked", "Splitwise simulator (b)");

    public bool Pools { get; init; } = true;

    public int MaxPendingTokens { get; init; } = DefaultPendingTokens;

    public override IRouter Create(RandomStream random) => new SplitwiseRouter(Pools, MaxPendingTokens);
}
