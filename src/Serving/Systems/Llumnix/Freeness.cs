using Orrery.Serving.Routing;

namespace Orrery.Serving.Systems.Llumnix;

/// <summary>
/// How many steps' worth of blocks each request of a replica has left: F = (M − ΣV) / B with M the replica's blocks, V the virtual usage of
/// its requests and B their number. Bigger is freer. Virtual usage of a running request is what it holds, of a queued one what it will
/// ask for; an urgent request keeps headroom for itself (Llumnix, section 4.2; the forms are those of the artefact, b).
/// </summary>
public static class Freeness
{
    /// <summary>1 % of the blocks stay out of the reckoning (b).</summary>
    public const double WatermarkShare = 0.01;

    /// <summary>Blocks that a replica with an urgent request should fill at most: about 1,600 tokens of 16 (b).</summary>
    public const int UrgentTargetBlocks = 100;

    /// <summary>What a replica that drains counts as having free: everybody shall leave it (b).</summary>
    public const int DrainingFreeBlocks = -1000;

    /// <summary>For sending an arriving request: what waits counts, an empty replica is the freest.</summary>
    /// <param name="report">Of the replica.</param>
    /// <param name="isUrgent">The request is of high priority: it avoids replicas without such requests, others avoid those with some.</param>
    /// <param name="priorities">False treats all requests alike (Llumnix-base).</param>
    public static double ForDispatch(in ReplicaReport report, bool isUrgent, bool priorities)
    {
        int requests = report.Running + report.Waiting;
        if (requests == 0) return double.PositiveInfinity;
        double free = Free(report) - report.WaitingBlocks;
        bool hasUrgent = report.UrgentRequests > 0;
        if (priorities && isUrgent != hasUrgent) free -= Headroom(report);
        return free / requests;
    }

    /// <summary>For moving running requests: with defragmentation what waits counts too, so that others make room for it.</summary>
    public static double ForMigration(in ReplicaReport report, bool defragments, bool priorities)
    {
        if (report.IsDraining) return DrainingFreeBlocks;
        double free = Free(report);
        int requests = report.Running;
        if (defragments)
        {
            free -= report.WaitingBlocks;
            if (report.Waiting > 0) requests++;
        }
        if (priorities && report.UrgentRequests > 0) free -= Headroom(report);
        return requests == 0 ? double.PositiveInfinity : free / requests;
    }

    private static double Free(in ReplicaReport report) => report.FreeBlocks - (int)(WatermarkShare * report.TotalBlocks);

    private static double Headroom(in ReplicaReport report) => Math.Max(0, report.TotalBlocks - UrgentTargetBlocks);
}
