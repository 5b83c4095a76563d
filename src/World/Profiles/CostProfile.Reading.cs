using Orrery.Documents;

namespace Orrery.World.Profiles;

public sealed partial record CostProfile
{
    /// <summary>Reads a profile; keys that are absent keep the analytic values.</summary>
    /// <exception cref="Kernel.InputException">A value is unknown or out of range; the sentence says where.</exception>
    public static CostProfile Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        CostProfile d = Analytic;
        CostProfile profile = new()
        {
            Name = map.Text("name"),
            Source = map.Text("source"),
            MemoryBandwidthFraction = Share("memoryBandwidthFraction", d.MemoryBandwidthFraction),
            KernelSeconds = Seconds("kernelTime", d.KernelSeconds),
            GemmEfficiency = Share("gemmEfficiency", d.GemmEfficiency),
            AttentionEfficiency = Share("attentionEfficiency", d.AttentionEfficiency),
            DecodeAttentionBandwidthFraction = Share("decodeAttentionBandwidthFraction", d.DecodeAttentionBandwidthFraction),
            DecodeSkewFraction = map.Number("decodeSkewFraction", d.DecodeSkewFraction, 0, 1),
            GemmTileTokens = map.Int("gemmTileTokens", d.GemmTileTokens, 1, 4096),
            LinkFraction = Share("linkFraction", d.LinkFraction),
            CollectiveFloorSeconds = Seconds("collectiveFloor", d.CollectiveFloorSeconds),
            PointToPointSeconds = Seconds("pointToPointTime", d.PointToPointSeconds),
            ExpertImbalance = map.Number("expertImbalance", d.ExpertImbalance, 1, 1000),
        };
        map.Done();
        return profile;

        double Share(string key, double fallback) => map.Number(key, fallback, SmallestShare, 1);
        double Seconds(string key, double fallback) => map.Quantity(key, Quantity.Duration, fallback, max: 1);
    }

    /// <summary>A share of zero would make every step last forever.</summary>
    private const double SmallestShare = 1e-3;
}
