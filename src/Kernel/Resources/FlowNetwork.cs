using Orrery.Kernel.Processes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Kernel.Resources;

/// <summary>
/// Links that flows cross together: ports, switches, wide-area lines. Every flow has a path of links and all flows share them max-min
/// fairly: nobody's rate can grow without taking from a flow that has no more (progressive filling, Bertsekas and Gallager, Data Networks,
/// section 6.5.2).
/// </summary>
/// <remarks>
/// Rates change when a flow joins or leaves, and only those of flows that share links with it, directly or through others; many changes at one
/// instant cost one computation. Ends are followed in fractions of a nanosecond, so a flow that leaves within a nanosecond hands the rest of it
/// to the others, and each flow ends at the first whole nanosecond at or after its fluid end. A path of one link without limits is a
/// <see cref="ProcessorSharingLink"/>. Steady state allocates nothing.
/// </remarks>
public sealed partial class FlowNetwork : IWaitOwner
{
    /// <summary>The largest single transfer: beyond it a byte no longer counts in the arithmetic of rates.</summary>
    public const long LargestTransferBytes = 1L << 50;

    // Fluid time: nanoseconds with this many binary digits behind the point.
    private const int FractionBits = 20;
    private const double TicksPerSecond = (double)(1 << FractionBits) * Duration.NanosecondsPerSecond;

    private readonly Clock _clock;
    private readonly Process _pump;
    private readonly WaitHeap<Flow> _flows = new();
    private readonly List<Link> _links = [];
    private readonly Comparison<int> _byLimit;

    // By slot of the flow, kept for reuse: the links of its path, and where it stands among the flows of each.
    private int[][] _paths = [];
    private int[][] _places = [];
    private Instant _planned = Instant.Never;

    /// <param name="clock">The clock whose processes use it.</param>
    public FlowNetwork(Clock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        _byLimit = CompareLimits;
        _pump = clock.Spawn("flow network", Pump, background: true);
    }

    /// <summary>Number of links.</summary>
    public int Links => _links.Count;

    /// <summary>Adds a link and answers its index.</summary>
    /// <param name="name">Shown in errors.</param>
    /// <param name="bandwidth">Shared by the flows on it, one direction.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bandwidth is below 1 byte/s or not finite.</exception>
    public int AddLink(string name, BytesPerSecond bandwidth)
    {
        if (!(bandwidth.Value >= 1 && double.IsFinite(bandwidth.Value)))
            throw new ArgumentOutOfRangeException(nameof(bandwidth), bandwidth.Value, $"{name}: a bandwidth is at least 1 byte per second");
        _links.Add(new Link(name, bandwidth.Value, _clock.Now));
        return _links.Count - 1;
    }

    /// <summary>The name a link was added with.</summary>
    public string Name(int link) => _links[link].Name;

    /// <summary>Bytes of completed transfers that crossed a link.</summary>
    public long BytesMoved(int link) => _links[link].BytesMoved;

    /// <summary>Flows that send over a link, over time.</summary>
    public TimeWeighted Active(int link) => _links[link].Active;

    /// <summary>Flows that send over a link now.</summary>
    public int Flows(int link) => _links[link].Count;

    /// <summary>What the flows on a link send now, together.</summary>
    public BytesPerSecond Rate(int link)
    {
        Advance();
        Settle(Ticks(_clock.Now));
        double sum = 0;
        foreach (int slot in _links[link].Flows) sum += _flows[slot].Rate;
        return new BytesPerSecond(sum);
    }

    /// <summary>Sends bytes along a path and waits until the last of them has arrived. False when the deadline came first; the rest is then
    /// not sent.</summary>
    /// <param name="path">Indices of the links it crosses, each once; empty: the latency alone.</param>
    /// <param name="bytes">From 0 to <see cref="LargestTransferBytes"/>; nothing to send takes the latency alone.</param>
    /// <param name="latency">Propagation delay, after its last byte was sent.</param>
    /// <param name="flowLimit">The most this flow sends at, such as one TCP stream; null: what the links give.</param>
    /// <param name="deadline">Give up then; null waits for ever.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size, latency, limit or link index is out of range.</exception>
    /// <exception cref="ArgumentException">A link stands twice in the path.</exception>
    public ResourceWait Transfer(ReadOnlySpan<int> path, Bytes bytes, Duration latency = default, BytesPerSecond? flowLimit = null, Instant? deadline = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Count, LargestTransferBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(latency, Duration.Zero);
        double limit = flowLimit?.Value ?? double.PositiveInfinity;
        if (!(limit > 0)) throw new ArgumentOutOfRangeException(nameof(flowLimit), limit, "a flow's limit is positive");
        CheckPath(path);
        Process process = ResourceWait.Caller(_clock);
        Advance();
        int slot = _flows.Add(Int128.MaxValue, new Flow { Process = process, Bytes = bytes.Count, Latency = latency, Limit = limit, Arrives = Instant.Never });
        if (path.IsEmpty || bytes.Count == 0)
        {
            _flows.Unqueue(slot);
            Keep(slot, path);
            _flows[slot].Hops = path.Length;
            _flows[slot].Arrives = _clock.Now + latency;
        }
        else
        {
            Join(slot, path);
        }
        return new ResourceWait(this, process, slot, deadline ?? Instant.Never);
    }

    public override string ToString() => "flow network";

    void IWaitOwner.Parked(int slot) => ScheduleArrival(slot);

    bool IWaitOwner.EndWait(int slot, bool cancelled)
    {
        // The deadline's event may come before the pump's at the instant when both are due: then the bytes are there.
        Advance();
        ref Flow flow = ref _flows[slot];
        bool arrived = flow.Arrives <= _clock.Now;
        if (_flows.IsQueued(slot))
        {
            _flows.Unqueue(slot);
            Leave(slot);
            _pump.Wake(Phase.Plan);
        }
        if (arrived)
        {
            foreach (int link in _paths[slot].AsSpan(0, flow.Hops)) _links[link].BytesMoved += flow.Bytes;
        }
        _flows.Free(slot);
        return arrived;
    }

    private static Int128 Ticks(Instant at) => (Int128)at.Nanoseconds << FractionBits;

    private static Instant FirstInstantNotBefore(Int128 ticks)
    {
        Int128 nanoseconds = (ticks + (1 << FractionBits) - 1) >> FractionBits;
        return nanoseconds >= long.MaxValue ? Instant.Never : Instant.FromNanoseconds((long)nanoseconds);
    }

    // Late in the instant: all that joins and leaves at it is known then.
    private async ValueTask Pump()
    {
        while (true)
        {
            Advance();
            Settle(Ticks(_clock.Now));
            _planned = _flows.Count == 0 ? Instant.Never : FirstInstantNotBefore(_flows.FirstKey);
            await Wait.Park(_clock, this, _planned);
        }
    }

    // Ends the flows whose time has come, in the order of their fluid ends; what they free serves the others from that fraction on.
    private void Advance()
    {
        Int128 now = Ticks(_clock.Now);
        while (_flows.Count > 0 && _flows.FirstKey <= now)
        {
            Int128 end = _flows.FirstKey;
            while (_flows.Count > 0 && _flows.FirstKey == end)
            {
                int slot = _flows.First;
                _flows.Unqueue(slot);
                Leave(slot);
                _flows[slot].Arrives = FirstInstantNotBefore(end) + _flows[slot].Latency;
                ScheduleArrival(slot);
            }
            Settle(end);
            // Somebody else got here first: the pump's plan is of the flows that are gone.
            if (_planned > _clock.Now) _pump.Wake(Phase.Plan);
        }
    }

    private void ScheduleArrival(int slot)
    {
        ref Flow flow = ref _flows[slot];
        if (flow.Arrives.IsNever || !ReferenceEquals(flow.Process.WaitsFor, this)) return;
        if (flow.Arrives <= _clock.Now) flow.Process.Wake();
        else _clock.Queue.Push(flow.Arrives, Phase.Deliver, flow.Process);
    }

    private void CheckPath(ReadOnlySpan<int> path)
    {
        for (int i = 0; i < path.Length; i++)
        {
            if ((uint)path[i] >= (uint)_links.Count)
                throw new ArgumentOutOfRangeException(nameof(path), path[i], $"the network has {_links.Count} links, with indices from 0");
            if (path[..i].Contains(path[i])) throw new ArgumentException($"link {_links[path[i]].Name} stands twice in the path", nameof(path));
        }
    }

    private struct Flow
    {
        public Process Process;
        public long Bytes;
        public Duration Latency;
        public double Limit;
        public Instant Arrives;
        public int Hops;

        // What was left at a moment of fluid time, and the rate since; a rate of 0 means that it has none yet.
        public double LeftBytes;
        public Int128 Since;
        public double Rate;

        // The computation that took it in last, and the one that fixed its rate last.
        public long Seen;
        public long Fixed;
    }

    private sealed class Link(string name, double bytesPerSecond, Instant now)
    {
        public readonly string Name = name;
        public readonly double BytesPerSecond = bytesPerSecond;
        public readonly TimeWeighted Active = new(now);
        public long BytesMoved;
        public int Count;
        public int[] Slots = new int[4];

        // Of the present computation.
        public long Seen;
        public double FreeBytesPerSecond;
        public int Unfixed;
        public bool Dirty;

        public ReadOnlySpan<int> Flows => Slots.AsSpan(0, Count);
    }
}
