using Orrery.Kernel.Processes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Kernel.Resources;

/// <summary>A bandwidth shared equally by the flows that are on it: a network link, a PCIe lane, a disk.</summary>
/// <remarks>
/// Virtual time (Parekh and Gallager 1993): V grows by bandwidth/flows, and a flow of b bytes that joins at V leaves at V + b, so joins
/// and leaves cost O(log flows) whatever happens to the others. All in integers, and no work is lost to rounding: V counts 2^−20 of
/// (byte per 10^9), what does not divide among the flows is carried over, and a flow leaves within the nanosecond of its fluid end, the
/// rest of which serves the others. So each flow ends at the first whole nanosecond at or after its fluid end.
/// </remarks>
public sealed class ProcessorSharingLink : IWaitOwner
{
    /// <summary>Beyond this the 128-bit virtual time of a year-long busy period would not fit.</summary>
    public const long LargestBytesPerSecond = 1_000_000_000_000_000;

    /// <summary>The largest single transfer, for the same reason.</summary>
    public const long LargestTransferBytes = 1L << 50;

    private const int FractionBits = 20;

    private readonly Clock _clock;
    private readonly string _name;
    private readonly Int128 _unitsPerNanosecond;
    private readonly WaitHeap<Flow> _flows = new();
    private readonly Process _pump;
    private Int128 _virtual;
    private Int128 _undivided;
    private Instant _advanced;
    private Instant _planned = Instant.Never;

    /// <param name="clock">The clock whose processes use it.</param>
    /// <param name="name">Shown in deadlock reports.</param>
    /// <param name="bandwidth">Shared by all flows; taken to whole bytes per second.</param>
    /// <exception cref="ArgumentOutOfRangeException">Below 1 byte/s or above <see cref="LargestBytesPerSecond"/>.</exception>
    public ProcessorSharingLink(Clock clock, string name, BytesPerSecond bandwidth)
    {
        ArgumentNullException.ThrowIfNull(clock);
        if (!(bandwidth.Value is >= 1 and <= LargestBytesPerSecond))
            throw new ArgumentOutOfRangeException(nameof(bandwidth), bandwidth.Value, $"{name}: a bandwidth lies between 1 and {LargestBytesPerSecond} bytes per second");
        _clock = clock;
        _name = name;
        _unitsPerNanosecond = (Int128)(long)Math.Round(bandwidth.Value) << FractionBits;
        _advanced = clock.Now;
        Active = new TimeWeighted(clock.Now);
        _pump = clock.Spawn($"{name} (link)", Pump, background: true);
    }

    /// <summary>Flows that send now.</summary>
    public int Flows => _flows.Count;

    /// <summary>Flows that send, over time.</summary>
    public TimeWeighted Active { get; }

    /// <summary>Bytes of completed transfers.</summary>
    public long BytesMoved { get; private set; }

    /// <summary>Sends bytes and waits until the last of them has arrived. False when the deadline came first; the rest is then not
    /// sent.</summary>
    /// <param name="bytes">From 0 to <see cref="LargestTransferBytes"/>.</param>
    /// <param name="latency">Propagation delay of this flow, after its last byte was sent.</param>
    /// <param name="deadline">Give up then; null waits for ever.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size or the latency is negative, or the size too large.</exception>
    public ResourceWait Transfer(Bytes bytes, Duration latency = default, Instant? deadline = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Count, LargestTransferBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(latency, Duration.Zero);
        Process process = ResourceWait.Caller(_clock);
        Advance();
        if (_flows.Count == 0) _virtual = 0;
        Int128 end = _virtual + ((Int128)bytes.Count * Duration.NanosecondsPerSecond << FractionBits);
        int slot = _flows.Add(end, new Flow { Process = process, Bytes = bytes.Count, Latency = latency, Arrives = Instant.Never });
        FlowsChanged();
        return new ResourceWait(this, process, slot, deadline ?? Instant.Never);
    }

    public override string ToString() => _name;

    void IWaitOwner.Parked(int slot) => ScheduleArrival(slot);

    bool IWaitOwner.EndWait(int slot, bool cancelled)
    {
        // The deadline's event may come before the pump's at the instant when both are due: then the bytes are there.
        Advance();
        bool arrived = _flows[slot].Arrives <= _clock.Now;
        if (_flows.IsQueued(slot))
        {
            _flows.Unqueue(slot);
            FlowsChanged();
        }
        if (arrived) BytesMoved += _flows[slot].Bytes;
        _flows.Free(slot);
        return arrived;
    }

    private async ValueTask Pump()
    {
        while (true)
        {
            Advance();
            _planned = NextEnd();
            await Wait.Park(_clock, this, _planned);
        }
    }

    private void ScheduleArrival(int slot)
    {
        ref Flow flow = ref _flows[slot];
        if (flow.Arrives.IsNever || !ReferenceEquals(flow.Process.WaitsFor, this)) return;
        if (flow.Arrives <= _clock.Now) flow.Process.Wake();
        else _clock.Queue.Push(flow.Arrives, Phase.Deliver, flow.Process);
    }

    // Spends the work of the time since the last call on the flows, in the order of their ends; what does not divide is kept for the next.
    private void Advance()
    {
        Instant now = _clock.Now;
        Int128 work = _undivided + (_unitsPerNanosecond * (now - _advanced).Nanoseconds);
        while (_flows.Count > 0)
        {
            Int128 untilFirstEnds = (_flows.FirstKey - _virtual) * _flows.Count;
            if (untilFirstEnds > work)
            {
                (Int128 step, work) = Int128.DivRem(work, _flows.Count);
                _virtual += step;
                break;
            }
            work -= untilFirstEnds;
            _virtual = _flows.FirstKey;
            EndFirst();
        }
        _undivided = _flows.Count > 0 ? work : 0;
        _advanced = now;
    }

    private void EndFirst()
    {
        int slot = _flows.First;
        _flows.Unqueue(slot);
        Active.Set(_clock.Now, _flows.Count);
        _flows[slot].Arrives = _clock.Now + _flows[slot].Latency;
        ScheduleArrival(slot);
    }

    private void FlowsChanged()
    {
        Active.Set(_clock.Now, _flows.Count);
        Instant next = NextEnd();
        // A later end needs no wake: the pump finds nothing at its old time and plans again.
        if (next < _planned || (next.IsNever && !_planned.IsNever)) _pump.Wake();
    }

    private Instant NextEnd()
    {
        if (_flows.Count == 0) return Instant.Never;
        Int128 work = Int128.Max(0, ((_flows.FirstKey - _virtual) * _flows.Count) - _undivided);
        Int128 nanoseconds = (work + _unitsPerNanosecond - 1) / _unitsPerNanosecond;
        return nanoseconds >= long.MaxValue ? Instant.Never : _advanced + Duration.FromNanoseconds((long)nanoseconds);
    }

    private struct Flow
    {
        public Process Process;
        public long Bytes;
        public Duration Latency;
        public Instant Arrives;
    }
}
