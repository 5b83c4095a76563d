namespace Orrery.Serving.Routing;

/// <summary>What counts as load.</summary>
public enum LoadMeasure
{
    /// <summary>Live requests.</summary>
    Requests,

    /// <summary>Prompt and output tokens of live requests so far.</summary>
    Tokens,
}

/// <summary>Loads of replicas as integers; ties go to the smallest index.</summary>
internal static class Loads
{
    public static long Of(IFleetView fleet, int replica, LoadMeasure measure) =>
        measure == LoadMeasure.Requests ? fleet.LiveRequests(replica) : fleet.LiveTokens(replica);

    public static int Least(IFleetView fleet, LoadMeasure measure)
    {
        int best = 0;
        long least = long.MaxValue;
        for (int i = 0; i < fleet.Count; i++)
        {
            long load = Of(fleet, i, measure);
            if (load >= least) continue;
            least = load;
            best = i;
        }
        return best;
    }
}
