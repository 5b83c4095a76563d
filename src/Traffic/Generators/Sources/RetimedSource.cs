using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>The rows of a trace at the times of an arrival process: real lengths, chosen load. Ends with the trace or the budget.</summary>
public sealed class RetimedSource : ITrafficSource
{
    private readonly TraceSource _rows;
    private readonly ArrivalClock _clock;
    private readonly TrafficBudget _budget;
    private Instant _next;
    private long _taken;

    internal RetimedSource(TraceSource rows, IArrivalProcess arrivals, TrafficBudget budget, RandomStream random)
    {
        _rows = rows;
        _clock = arrivals.Start(random.Split("arrivals"));
        _budget = budget;
        Advance();
    }

    public Instant NextArrival => _next;

    public long? ExpectedRequests => _budget.Requests ?? _rows.ExpectedRequests;

    public int ClientCount => _rows.ClientCount;

    public string ClientName(int client) => _rows.ClientName(client);

    public Request Take()
    {
        if (_next.IsNever) throw new InvalidOperationException("no request is pending");
        Request request = _rows.TakeAt(_next);
        _taken++;
        Advance();
        return request;
    }

    public void Dispose() => _rows.Dispose();

    private void Advance() => _next = _rows.NextArrival.IsNever ? Instant.Never : _budget.Arrival(_clock.Next(), _taken);
}
