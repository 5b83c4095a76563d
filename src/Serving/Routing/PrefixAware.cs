using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>Options of prefix-aware routing.</summary>
public sealed record PrefixAwareOptions : RouterSpec
{
    /// <summary>Share of the prompt from which a cached prefix decides (SGLang router, c).</summary>
    public const double DefaultMinHitShare = 0.5;

    /// <summary>Live requests by which the busiest replica may exceed the idlest (SGLang router, c).</summary>
    public const int DefaultAbsoluteImbalance = 32;

    /// <summary>Factor by which it must exceed it as well (SGLang router, c).</summary>
    public const double DefaultRelativeImbalance = 1.0001;

    public static readonly OptionSet<PrefixAwareOptions> Set = new OptionSet<PrefixAwareOptions>()
        .Number("minHitShare", o => o.MinHitShare, (o, v) => o with { MinHitShare = v },
            "share of the prompt that must be cached for the cache to decide; below it the least loaded replica is chosen", "SGLang router (c)", max: 1)
        .Int("absoluteImbalance", o => o.AbsoluteImbalance, (o, v) => o with { AbsoluteImbalance = v },
            "the fleet is out of balance when most and fewest live requests differ by more than this …", "SGLang router (c)", min: 0)
        .Number("relativeImbalance", o => o.RelativeImbalance, (o, v) => o with { RelativeImbalance = v },
            "… and their ratio exceeds this; then the least loaded replica is chosen", "SGLang router (c)", min: 1);

    public double MinHitShare { get; init; } = DefaultMinHitShare;

    public int AbsoluteImbalance { get; init; } = DefaultAbsoluteImbalance;

    public double RelativeImbalance { get; init; } = DefaultRelativeImbalance;

    public override IRouter Create(RandomStream random) => new PrefixAware(this);
}

/// <summary>
/// The replica whose prefix cache could supply most of the prompt now, the less loaded on a tie; the least loaded when the fleet is out
/// of balance or no cache holds enough. It sees the caches themselves where the real router guesses from what it sent before.
/// </summary>
public sealed class PrefixAware(PrefixAwareOptions options) : IRouter
{
    public int Choose(Sequence sequence, IFleetView fleet)
    {
        int least = Loads.Least(fleet, LoadMeasure.Requests);
        if (IsOutOfBalance(fleet, fleet.LiveRequests(least))) return least;
        int best = least;
        int bestHit = fleet.CachedTokens(least, sequence);
        for (int i = 0; i < fleet.Count; i++)
        {
            int hit = i == least ? bestHit : fleet.CachedTokens(i, sequence);
            bool isBetter = hit > bestHit || (hit == bestHit && fleet.LiveRequests(i) < fleet.LiveRequests(best));
            if (!isBetter) continue;
            best = i;
            bestHit = hit;
        }
        return bestHit > options.MinHitShare * sequence.PromptTokens ? best : least;
    }

    private bool IsOutOfBalance(IFleetView fleet, int fewest)
    {
        int most = 0;
        for (int i = 0; i < fleet.Count; i++) most = Math.Max(most, fleet.LiveRequests(i));
        return most - fewest > options.AbsoluteImbalance && most > options.RelativeImbalance * fewest;
    }
}
