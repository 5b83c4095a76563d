using System.Globalization;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Fleets;

/// <summary>The ports of a fleet's replicas on one network.</summary>
internal sealed class ReplicaLinks
{
    /// <summary>Bandwidth of a port whose entry names none of its own.</summary>
    private static readonly BytesPerSecond Usual = new(25e9);

    private readonly Clock _clock;
    private readonly LinkOptions _options;
    private readonly List<(Process? Process, FleetMember From, FleetMember To)> _underWay = [];
    private readonly FlowNetwork _network;
    private readonly int _backbone = -1;
    private readonly int[] _path = new int[3];

    public ReplicaLinks(Clock clock, LinkOptions options)
    {
        _clock = clock;
        _options = options;
        _network = new(clock);
        if (options.Backbone is { } backbone) _backbone = _network.AddLink("the backbone", backbone);
    }

    public void Connect(FleetMember member, BytesPerSecond? bandwidth)
    {
        BytesPerSecond rate = _options.Bandwidth ?? bandwidth ?? Usual;
        string name = string.Create(CultureInfo.InvariantCulture, $"replica {member.Replica.Index}");
        member.PortRate = rate;
        member.Egress = _network.AddLink($"{name}, out", rate);
        member.Ingress = _network.AddLink($"{name}, in", rate);
    }

    /// <summary>Sends bytes from one replica to another; the answer comes with the last of them, and is false when one of the two went before.</summary>
    public async ValueTask<bool> Send(FleetMember from, FleetMember to, long bytes, Duration extra)
    {
        (Process? Process, FleetMember From, FleetMember To) transfer = (_clock.Current, from, to);
        _underWay.Add(transfer);
        bool arrived = await Start(from, to, bytes, extra);
        _underWay.Remove(transfer);
        return arrived;
    }

    /// <summary>A machine is gone: what it sent and what was sent to it ends at this instant.</summary>
    public void Break(FleetMember gone)
    {
        foreach ((Process? process, FleetMember from, FleetMember to) in _underWay)
            if (from == gone || to == gone) process!.Wake(Phase.React);
    }

    private ResourceWait Start(FleetMember from, FleetMember to, long bytes, Duration extra)
    {
        int length = 0;
        _path[length++] = from.Egress;
        if (_backbone >= 0) _path[length++] = _backbone;
        _path[length++] = to.Ingress;
        return _network.Transfer(_path.AsSpan(0, length), new Bytes(bytes), _options.Latency + extra, _options.FlowLimit);
    }

    /// <summary>What one transfer from a replica gets when nothing else is under way.</summary>
    public double AloneBytesPerSecond(FleetMember from)
    {
        double rate = from.PortRate.Value;
        if (_options.FlowLimit is { } limit) rate = Math.Min(rate, limit.Value);
        return _options.Backbone is { } backbone ? Math.Min(rate, backbone.Value) : rate;
    }
}
