using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>
/// How well a node suits a task. Both scores reward a node whose resources are used in proportion; the first placement packs tightly, the
/// re-placement leaves slack. The thesis's own functions are not public to us; these are ours (d).
/// </summary>
public static class Scores
{
    /// <summary>First placement: mean use after the task came, less how far the fullest resource stands out. Higher is better.</summary>
    public static double Tight(Demand loadAfter, Demand capacity)
    {
        Demand share = loadAfter.Over(capacity);
        return share.Mean - (share.Largest - share.Mean);
    }

    /// <summary>Re-placement: the slack of the fullest resource, less how far it stands out. Higher is better.</summary>
    public static double Slack(Demand loadAfter, Demand capacity)
    {
        Demand share = loadAfter.Over(capacity);
        return 1 - share.Largest - (share.Largest - share.Mean);
    }
}
