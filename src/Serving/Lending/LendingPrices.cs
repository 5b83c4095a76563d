using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Lending;

/// <summary>What attention to tokens elsewhere costs one replica beside its own work.</summary>
/// <param name="Network">Links between replicas.</param>
/// <param name="Traffic">Bytes of one device per decode token, layer and holder.</param>
/// <param name="Layers">Layers of the model.</param>
/// <param name="KvBytesPerBlock">Of one device, all layers.</param>
/// <param name="Combine">Time per layer in which the partial answers become one.</param>
public sealed record LendingPrices(LendingNetwork Network, AttentionTraffic Traffic, int Layers, Bytes KvBytesPerBlock, Duration Combine)
{
    /// <summary>
    /// Time of all layers from the query that leaves to the answer that is there, the holders' work left out: layers · (round trip of the farthest +
    /// bytes through the owner's port).
    /// </summary>
    /// <param name="owner">Replica that asks.</param>
    /// <param name="decodesByHolder">Holder and how many decodes ask there.</param>
    public Duration Exchange(int owner, IEnumerable<(int Holder, int Decodes)> decodesByHolder)
    {
        ArgumentNullException.ThrowIfNull(decodesByHolder);
        Duration farthest = Duration.Zero;
        Duration port = Duration.Zero;
        foreach ((int holder, int decodes) in decodesByHolder)
        {
            farthest = Duration.Max(farthest, Network.RoundTrip(owner, holder));
            // One way after the other through the same port would count both; a port is duplex, and the answer is the larger.
            port += Network.Transfer(owner, holder, new(decodes * Math.Max(Traffic.QueryBytes, Traffic.AnswerBytes)));
        }
        return (farthest + port) * Layers;
    }

    /// <summary>Time in which blocks of KV reach another replica, without latency.</summary>
    public Duration Copy(int from, int to, double blocks) => Network.Transfer(from, to, new((long)Math.Ceiling(blocks * KvBytesPerBlock.Count)));
}
