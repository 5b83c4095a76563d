using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Fleets;

/// <summary>Some members of a fleet as policies see them: as they are now, or as they reported last with what was sent to them since.</summary>
internal sealed class FleetView(Clock clock, bool isLate) : IFleetView
{
    private readonly List<FleetMember> _members = [];

    public Instant Now => clock.Now;

    public int Count => _members.Count;

    public FleetMember this[int index] => _members[index];

    public int LiveRequests(int replica)
    {
        FleetMember member = _members[replica];
        return isLate ? member.Seen.LiveRequests + member.SentSince : member.Replica.LiveRequests;
    }

    public long LiveTokens(int replica)
    {
        FleetMember member = _members[replica];
        return isLate ? member.Seen.LiveTokens + member.SentTokensSince : member.Replica.LiveTokens;
    }

    public double KvUse(int replica)
    {
        FleetMember member = _members[replica];
        if (!isLate) return (double)member.Replica.UsedBlocks / member.Replica.Memory.TotalBlocks;
        return member.Seen.TotalBlocks == 0 ? 0 : (double)member.Seen.UsedBlocks / member.Seen.TotalBlocks;
    }

    /// <summary>What caches hold is asked of them directly: no report carries it.</summary>
    public int CachedTokens(int replica, Sequence sequence) => _members[replica].Replica.CachedTokens(sequence);

    public int IdOf(int replica) => _members[replica].Replica.Index;

    public ReplicaRole RoleOf(int replica) => _members[replica].Role;

    public ReplicaReport Report(int replica)
    {
        FleetMember member = _members[replica];
        return isLate ? member.Seen : member.Replica.Report(member.State == MemberState.Draining);
    }

    internal void Fill(List<FleetMember> all, Func<FleetMember, bool> belongs)
    {
        _members.Clear();
        foreach (FleetMember member in all)
            if (belongs(member)) _members.Add(member);
    }
}
