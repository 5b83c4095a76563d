using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>
/// Requests that come whatever happens to earlier ones. Streams: <c>arrivals</c>, <c>prompts</c>, <c>outputs</c>, <c>marks</c>.
/// </summary>
public sealed class OpenLoopSource : ITrafficSource
{
    private readonly ArrivalClock _clock;
    private readonly ILengthModel _lengths;
    private readonly Marker _marker;
    private readonly TrafficBudget _budget;
    private readonly RandomStream _prompts;
    private readonly RandomStream _outputs;
    private readonly long? _expected;
    private Instant _next;
    private long _taken;

    public OpenLoopSource(IArrivalProcess arrivals, ILengthModel lengths, RequestMarks marks, TrafficBudget budget, RandomStream random)
    {
        _clock = arrivals.Start(random.Split("arrivals"));
        _lengths = lengths;
        _marker = new Marker(marks, random.Split("marks"));
        _budget = budget;
        _prompts = random.Split("prompts");
        _outputs = random.Split("outputs");
        _expected = budget.Requests ?? (budget.Duration.IsInfinite ? null : (long)(budget.Duration.Seconds * arrivals.RatePerSecond));
        _next = budget.Arrival(_clock.Next(), 0);
    }

    public Instant NextArrival => _next;

    public long? ExpectedRequests => _expected;

    public int ClientCount => _marker.ClientCount;

    public string ClientName(int client) => _marker.ClientName(client);

    public Request Take()
    {
        if (_next.IsNever) throw new InvalidOperationException("no request is pending");
        TraceRow row = TraceRow.Blank;
        _lengths.Draw(_prompts, _outputs, out row.PromptTokens, out row.OutputTokens);
        _marker.Apply(ref row);
        Request request = row.ToRequest(_taken++, _next);
        _next = _budget.Arrival(_clock.Next(), _taken);
        return request;
    }

    public void Dispose()
    {
    }
}
