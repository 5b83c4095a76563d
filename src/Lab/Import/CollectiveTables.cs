using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>Tables of collectives alone.</summary>
internal static class CollectiveTables
{
    /// <summary>Publishers' spellings; null for an unknown one.</summary>
    public static CollectiveKind? Kind(string name) => name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal) switch
    {
        "allreduce" => CollectiveKind.AllReduce,
        "allgather" => CollectiveKind.AllGather,
        "reducescatter" => CollectiveKind.ReduceScatter,
        "alltoall" => CollectiveKind.AllToAll,
        "sendrecv" or "p2p" => CollectiveKind.PointToPoint,
        _ => null,
    };
}
