using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>
/// Keeps urgent and other requests apart: those of a priority above zero go to the replicas set aside for them, all others to the rest. Each
/// pool has a router of its own. A pool without replicas that could take a request leaves it to the others.
/// </summary>
/// <param name="urgent">Chooses among the replicas of urgent requests.</param>
/// <param name="other">Chooses among those of the others.</param>
/// <param name="isOther">Whether a replica, by its own number, is set aside for the others.</param>
public sealed class PriorityPools(IRouter urgent, IRouter other, Func<int, bool> isOther) : IRouter
{
    private readonly Pool _pool = new();

    public bool SeesAllRoles => urgent.SeesAllRoles;

    public int Choose(Sequence sequence, IFleetView fleet)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(fleet);
        return Look(sequence, fleet) ? _pool.IndexOf(RouterOf(sequence).Choose(sequence, _pool)) : RouterOf(sequence).Choose(sequence, fleet);
    }

    public Route Place(Sequence sequence, IFleetView fleet)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(fleet);
        if (!Look(sequence, fleet)) return RouterOf(sequence).Place(sequence, fleet);
        Route route = RouterOf(sequence).Place(sequence, _pool);
        return new(_pool.IndexOf(route.Replica), route.Decode < 0 ? route.Decode : _pool.IndexOf(route.Decode));
    }

    public int ChooseDecode(Sequence sequence, IFleetView decoders)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(decoders);
        return Look(sequence, decoders) ? _pool.IndexOf(RouterOf(sequence).ChooseDecode(sequence, _pool)) : RouterOf(sequence).ChooseDecode(sequence, decoders);
    }

    public void Prefilled(Sequence sequence) => RouterOf(sequence).Prefilled(sequence);

    public void Left(Sequence sequence) => RouterOf(sequence).Left(sequence);

    private IRouter RouterOf(Sequence sequence) => sequence.Priority > 0 ? other : urgent;

    private bool Look(Sequence sequence, IFleetView fleet)
    {
        bool wanted = sequence.Priority > 0;
        _pool.Show(fleet);
        for (int i = 0; i < fleet.Count; i++)
            if (isOther(fleet.IdOf(i)) == wanted) _pool.Add(i);
        return _pool.Count > 0;
    }

    /// <summary>Some replicas of a fleet.</summary>
    private sealed class Pool : IFleetView
    {
        private readonly List<int> _members = [];
        private IFleetView _fleet = null!;

        public Instant Now => _fleet.Now;

        public int Count => _members.Count;

        public void Show(IFleetView fleet)
        {
            _fleet = fleet;
            _members.Clear();
        }

        public void Add(int index) => _members.Add(index);

        public int IndexOf(int member) => _members[member];

        public int LiveRequests(int replica) => _fleet.LiveRequests(_members[replica]);

        public long LiveTokens(int replica) => _fleet.LiveTokens(_members[replica]);

        public double KvUse(int replica) => _fleet.KvUse(_members[replica]);

        public int CachedTokens(int replica, Sequence sequence) => _fleet.CachedTokens(_members[replica], sequence);

        public int IdOf(int replica) => _fleet.IdOf(_members[replica]);

        public ReplicaRole RoleOf(int replica) => _fleet.RoleOf(_members[replica]);

        public ReplicaReport Report(int replica) => _fleet.Report(_members[replica]);
    }
}
