using Orrery.Kernel.Processes;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Chains;

/// <summary>A one-way connection between two ends.</summary>
/// <param name="Bandwidth">Shared by what travels on it at once.</param>
/// <param name="Latency">After the last byte was sent.</param>
public readonly record struct ChainLink(BytesPerSecond Bandwidth, Duration Latency);

/// <summary>
/// Carries messages between hosts and the coordinator: each ordered pair of ends has a link of its own, and each end may have a port that all its
/// links share. Rates are max-min fair.
/// </summary>
internal sealed class ChainNetwork
{
    private readonly Clock _clock;
    private readonly FlowNetwork _flows;
    private readonly Func<int, int, ChainLink> _links;
    private readonly int[] _pairs;
    private readonly int[] _egress;
    private readonly int[] _ingress;
    private readonly int _ends;
    private readonly Stack<Carrier> _idle = new();

    /// <param name="clock">Whose time counts.</param>
    /// <param name="hosts">Hosts are ends 0 …; the coordinator is end -1.</param>
    /// <param name="links">Link from an end to another.</param>
    /// <param name="port">Bandwidth of each end's port in each direction; null: no limit.</param>
    public ChainNetwork(Clock clock, int hosts, Func<int, int, ChainLink> links, BytesPerSecond? port)
    {
        _clock = clock;
        _flows = new FlowNetwork(clock);
        _links = links;
        _ends = hosts + 1;
        _pairs = new int[_ends * _ends];
        Array.Fill(_pairs, -1);
        _egress = new int[port is null ? 0 : _ends];
        _ingress = new int[_egress.Length];
        for (int end = 0; end < _egress.Length; end++)
        {
            _egress[end] = _flows.AddLink($"out of {end - 1}", port!.Value);
            _ingress[end] = _flows.AddLink($"into {end - 1}", port.Value);
        }
    }

    /// <summary>Sends bytes; what it carries is delivered when the last has arrived.</summary>
    public void Send(int from, int to, long bytes, IParcel parcel)
    {
        int pair = ((from + 1) * _ends) + to + 1;
        ChainLink link = _links(from, to);
        if (_pairs[pair] < 0) _pairs[pair] = _flows.AddLink($"{from} to {to}", link.Bandwidth);
        Carrier carrier = _idle.TryPop(out Carrier? free) ? free : new Carrier(this);
        int hops = 0;
        if (_egress.Length > 0) carrier.Path[hops++] = _egress[from + 1];
        carrier.Path[hops++] = _pairs[pair];
        if (_ingress.Length > 0) carrier.Path[hops++] = _ingress[to + 1];
        carrier.Hops = hops;
        carrier.Bytes = new Bytes(bytes);
        carrier.Latency = link.Latency;
        carrier.Parcel = parcel;
        carrier.Go();
    }

    /// <summary>Bytes that arrived from one end at another.</summary>
    public long BytesMoved(int from, int to)
    {
        int pair = _pairs[((from + 1) * _ends) + to + 1];
        return pair < 0 ? 0 : _flows.BytesMoved(pair);
    }

    // A process that takes one message after another; idle ones are used again.
    private sealed class Carrier
    {
        public readonly int[] Path = new int[3];
        public int Hops;
        public Bytes Bytes;
        public Duration Latency;
        public IParcel? Parcel;
        private readonly ChainNetwork _network;
        private readonly Signal _signal;

        public Carrier(ChainNetwork network)
        {
            _network = network;
            _signal = new Signal(network._clock, "a message");
            network._clock.Spawn("carrier", Run, background: true);
        }

        public void Go() => _signal.Set();

        private async ValueTask Run()
        {
            while (true)
            {
                await _signal.Wait();
                await _network._flows.Transfer(Path.AsSpan(0, Hops), Bytes, Latency);
                IParcel parcel = Parcel!;
                Parcel = null;
                _network._idle.Push(this);
                parcel.Arrived();
            }
        }
    }
}

/// <summary>What a message carries.</summary>
internal interface IParcel
{
    void Arrived();
}
