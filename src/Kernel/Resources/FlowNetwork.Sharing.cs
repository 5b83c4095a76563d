using Orrery.Kernel.Time;

namespace Orrery.Kernel.Resources;

/// <summary>Who is on which link, and what rate each flow gets.</summary>
public sealed partial class FlowNetwork
{
    private readonly List<int> _dirty = [];
    private readonly List<int> _touchedLinks = [];
    private readonly List<int> _touchedFlows = [];
    private readonly List<int> _limited = [];
    private long _computation;

    private int CompareLimits(int a, int b)
    {
        int order = _flows[a].Limit.CompareTo(_flows[b].Limit);
        return order != 0 ? order : a.CompareTo(b);
    }

    private void Keep(int slot, ReadOnlySpan<int> path)
    {
        if (slot >= _paths.Length)
        {
            int size = Math.Max(8, Math.Max(slot + 1, _paths.Length * 2));
            Array.Resize(ref _paths, size);
            Array.Resize(ref _places, size);
        }
        if (_paths[slot] is null || _paths[slot].Length < path.Length)
        {
            _paths[slot] = new int[path.Length];
            _places[slot] = new int[path.Length];
        }
        path.CopyTo(_paths[slot]);
    }

    private void Join(int slot, ReadOnlySpan<int> path)
    {
        Keep(slot, path);
        ref Flow flow = ref _flows[slot];
        flow.Hops = path.Length;
        flow.LeftBytes = flow.Bytes;
        flow.Since = Ticks(_clock.Now);
        for (int hop = 0; hop < path.Length; hop++)
        {
            Link link = _links[path[hop]];
            if (link.Count == link.Slots.Length) Array.Resize(ref link.Slots, link.Count * 2);
            _places[slot][hop] = link.Count;
            link.Slots[link.Count++] = slot;
            link.Active.Set(_clock.Now, link.Count);
            MarkDirty(path[hop]);
        }
        _pump.Wake(Phase.Plan);
    }

    private void Leave(int slot)
    {
        int hops = _flows[slot].Hops;
        for (int hop = 0; hop < hops; hop++)
        {
            int index = _paths[slot][hop];
            Link link = _links[index];
            int place = _places[slot][hop];
            int last = link.Slots[--link.Count];
            if (last != slot)
            {
                link.Slots[place] = last;
                _places[last][_paths[last].AsSpan(0, _flows[last].Hops).IndexOf(index)] = place;
            }
            link.Active.Set(_clock.Now, link.Count);
            MarkDirty(index);
        }
    }

    private void MarkDirty(int index)
    {
        if (_links[index].Dirty) return;
        _links[index].Dirty = true;
        _dirty.Add(index);
    }

    // New rates from a moment of fluid time on, for all flows that share links with the dirty ones, however indirectly.
    private void Settle(Int128 at)
    {
        if (_dirty.Count == 0) return;
        _computation++;
        _touchedLinks.Clear();
        _touchedFlows.Clear();
        _limited.Clear();
        foreach (int index in _dirty)
        {
            _links[index].Dirty = false;
            Touch(index);
        }
        _dirty.Clear();
        for (int i = 0; i < _touchedLinks.Count; i++) TouchFlowsOf(_links[_touchedLinks[i]]);
        if (_limited.Count > 1) _limited.Sort(_byLimit);
        Fill(at);
    }

    private void Touch(int index)
    {
        Link link = _links[index];
        if (link.Seen == _computation) return;
        link.Seen = _computation;
        link.FreeBytesPerSecond = link.BytesPerSecond;
        link.Unfixed = link.Count;
        _touchedLinks.Add(index);
    }

    private void TouchFlowsOf(Link link)
    {
        foreach (int slot in link.Flows)
        {
            ref Flow flow = ref _flows[slot];
            if (flow.Seen == _computation) continue;
            flow.Seen = _computation;
            _touchedFlows.Add(slot);
            if (double.IsFinite(flow.Limit)) _limited.Add(slot);
            foreach (int other in _paths[slot].AsSpan(0, flow.Hops)) Touch(other);
        }
    }

    // Progressive filling: the level rises until a flow meets its limit or a link is full; those flows are fixed there, the rest rises on.
    private void Fill(Int128 at)
    {
        int unfixed = _touchedFlows.Count;
        int nextLimited = 0;
        double level = 0;
        while (unfixed > 0)
        {
            Link? fullest = null;
            double share = double.PositiveInfinity;
            foreach (int index in _touchedLinks)
            {
                Link link = _links[index];
                if (link.Unfixed == 0) continue;
                double equal = link.FreeBytesPerSecond / link.Unfixed;
                if (equal >= share) continue;
                share = equal;
                fullest = link;
            }
            while (nextLimited < _limited.Count && _flows[_limited[nextLimited]].Fixed == _computation) nextLimited++;
            if (nextLimited < _limited.Count && _flows[_limited[nextLimited]].Limit <= share)
            {
                int slot = _limited[nextLimited++];
                level = Math.Max(level, _flows[slot].Limit);
                Fix(slot, _flows[slot].Limit, at);
                unfixed--;
                continue;
            }
            // Rounding may leave a link a hair less than its last flows were promised; the level never falls.
            level = Math.Max(level, share);
            foreach (int slot in fullest!.Flows)
            {
                if (_flows[slot].Fixed == _computation) continue;
                Fix(slot, level, at);
                unfixed--;
            }
        }
    }

    private void Fix(int slot, double rate, Int128 at)
    {
        ref Flow flow = ref _flows[slot];
        flow.Fixed = _computation;
        foreach (int index in _paths[slot].AsSpan(0, flow.Hops))
        {
            _links[index].Unfixed--;
            _links[index].FreeBytesPerSecond -= rate;
        }
        if (flow.Rate == rate) return;
        flow.LeftBytes = Math.Max(0, flow.LeftBytes - (flow.Rate * ((double)(at - flow.Since) / TicksPerSecond)));
        flow.Since = at;
        flow.Rate = rate;
        _flows.Rekey(slot, at + (Int128)Math.Ceiling(flow.LeftBytes / rate * TicksPerSecond));
    }
}
