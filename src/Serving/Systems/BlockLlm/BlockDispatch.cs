namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>Which of a device's waiting blocks runs next.</summary>
public enum BlockOrder
{
    /// <summary>The one whose oldest entry came first.</summary>
    Oldest,

    /// <summary>The one with most entries, which reads its weights for most tokens; among equals the oldest.</summary>
    Fullest,
}

/// <summary>What dispatching a token to one instance would cost, in seconds.</summary>
/// <param name="IsOwner">It holds the request's KV of this block.</param>
/// <param name="Transfer">Bringing the activation there.</param>
/// <param name="Recompute">Computing the KV again there; nothing for the owner.</param>
/// <param name="MoveKv">Bringing the KV there; nothing for the owner.</param>
/// <param name="Wait">Until its turn.</param>
/// <param name="Compute">The block itself.</param>
/// <param name="HasRoom">Its device has room for the KV.</param>
public readonly record struct DispatchCost(bool IsOwner, double Transfer, double Recompute, double MoveKv, double Wait, double Compute, bool HasRoom)
{
    /// <summary>transfer + [not owner: min(recompute, move)] + wait + compute.</summary>
    public double Total => Transfer + (IsOwner ? 0 : Math.Min(Recompute, MoveKv)) + Wait + Compute;
}

/// <summary>
/// Best-effort KV coordination: a request stays with the instance that owns its KV unless that one would keep it waiting beyond its
/// patience; then the least cost decides. KV is never forcibly migrated.
/// </summary>
/// <param name="OwnerPatienceSeconds">Wait at the owner that is put up with.</param>
public sealed record BlockDispatch(double OwnerPatienceSeconds)
{
    /// <summary>The chosen candidate; −1 when no candidate has room.</summary>
    public int Choose(ReadOnlySpan<DispatchCost> candidates)
    {
        int best = -1;
        for (int i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].IsOwner && candidates[i].Wait <= OwnerPatienceSeconds) return i;
            if (!candidates[i].IsOwner && !candidates[i].HasRoom) continue;
            if (best < 0 || candidates[i].Total < candidates[best].Total) best = i;
        }
        return best;
    }
}

/// <summary>Whether a surrogate should stand in for a block: only where getting there takes long against its compute.</summary>
/// <param name="Ratio">(Transfer + wait) over compute from which it pays.</param>
/// <param name="LeastHits">Surrogates that hit more rarely than this are not used.</param>
public sealed record SurrogateRule(double Ratio, double LeastHits)
{
    /// <summary>A surrogate that is wrong as often as right costs more than it hides (d).</summary>
    public const double DefaultLeastHits = 0.5;

    public bool Applies(DispatchCost cost, bool isRemote, double hitRate) =>
        isRemote && hitRate >= LeastHits && cost.Transfer + cost.Wait >= Ratio * cost.Compute;
}
