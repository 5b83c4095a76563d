using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Operations.Clusters;

/// <summary>What moving one running machine or container costs.</summary>
/// <param name="Traffic">Bytes over the network.</param>
/// <param name="Time">From the first byte to the last.</param>
/// <param name="Downtime">The last round, while the task stands still.</param>
/// <param name="Rounds">Copies, the first of the whole memory.</param>
public readonly record struct MigrationCost(Bytes Traffic, Duration Time, Duration Downtime, int Rounds);

/// <summary>
/// Live migration by pre-copy, the standard model: round 0 copies the memory in use, each further round what was written during the one
/// before, V_{k+1} = dirty rate · V_k / bandwidth, until V_k is at most the stop-and-copy limit or the rounds are spent. Traffic is the
/// sum of the rounds, the downtime is that of the last. A round never copies more than the memory.
/// </summary>
/// <param name="Bandwidth">Of the sender.</param>
/// <param name="StopCopy">The task is stopped when this little is left to copy.</param>
/// <param name="MaxRounds">Most rounds, the first included.</param>
/// <remarks>The fitted constants of the thesis are not public to us; its estimate is within 11 % of measured traffic (b).</remarks>
public sealed record PreCopy(BytesPerSecond Bandwidth, Bytes StopCopy, int MaxRounds)
{
    /// <param name="memory">Memory in use.</param>
    /// <param name="dirtyRate">How fast the task writes to it.</param>
    public MigrationCost Cost(Bytes memory, BytesPerSecond dirtyRate)
    {
        double round = memory.Count;
        double traffic = 0;
        int rounds = 0;
        double last = 0;
        do
        {
            traffic += round;
            last = round;
            rounds++;
            round = Math.Min(memory.Count, dirtyRate.Value * round / Bandwidth.Value);
        }
        while (last > StopCopy.Count && rounds < MaxRounds);
        return new(new Bytes((long)Math.Round(traffic)), Duration.FromSeconds(traffic / Bandwidth.Value), Duration.FromSeconds(last / Bandwidth.Value), rounds);
    }
}
