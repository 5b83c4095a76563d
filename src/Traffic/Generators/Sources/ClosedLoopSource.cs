using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>
/// A fixed number of clients, each with one request at a time: it sends, waits for the end, thinks, sends again. The first request of
/// each comes after one
/// think time, so that they do not start together. Every client draws from its own streams: what one does never changes another's lengths.
/// </summary>
public sealed class ClosedLoopSource : ITrafficSource
{
    private readonly Client[] _clients;
    private readonly IDistribution _thinkSeconds;
    private readonly ILengthModel _lengths;
    private readonly TrafficBudget _budget;
    private readonly PriorityQueue<int, (long Nanoseconds, int Client)> _ready = new();
    private long _taken;

    public ClosedLoopSource(int clients, IDistribution thinkSeconds, ILengthModel lengths, RequestMarks marks, TrafficBudget budget,
        RandomStream random)
    {
        _thinkSeconds = thinkSeconds;
        _lengths = lengths;
        _budget = budget;
        RandomStream family = random.Split("closed-loop");
        _clients = [.. Enumerable.Range(0, clients).Select(index => new Client(family.Split(index), marks))];
        for (int index = 0; index < clients; index++) Enqueue(index, Instant.Zero);
    }

    public bool IsClosedLoop => true;

    public long? ExpectedRequests => _budget.Requests;

    public int ClientCount => _clients.Length;

    public Instant NextArrival =>
        _taken < (_budget.Requests ?? long.MaxValue) && _ready.TryPeek(out _, out (long Nanoseconds, int Client) next)
            ? Instant.FromNanoseconds(next.Nanoseconds) : Instant.Never;

    public Request Take()
    {
        if (NextArrival.IsNever) throw new InvalidOperationException("no request is pending");
        _ready.TryDequeue(out int index, out (long Nanoseconds, int Client) at);
        Client client = _clients[index];
        TraceRow row = TraceRow.Blank;
        _lengths.Draw(client.Prompts, client.Outputs, out row.PromptTokens, out row.OutputTokens);
        client.Marker.Apply(ref row);
        row.Client = index;
        return row.ToRequest(_taken++, Instant.FromNanoseconds(at.Nanoseconds));
    }

    public void Completed(Request request, Instant at) => Enqueue(request.Client, at);

    public void Dispose()
    {
    }

    private void Enqueue(int index, Instant from)
    {
        Instant at = from + Duration.FromSeconds(Math.Max(0, _thinkSeconds.Sample(_clients[index].Thinks)));
        if (at.Nanoseconds < _budget.Duration.Nanoseconds) _ready.Enqueue(index, (at.Nanoseconds, index));
    }

    private sealed class Client(RandomStream random, RequestMarks marks)
    {
        internal RandomStream Thinks { get; } = random.Split("think");

        internal RandomStream Prompts { get; } = random.Split("prompts");

        internal RandomStream Outputs { get; } = random.Split("outputs");

        internal Marker Marker { get; } = new(marks, random.Split("marks"));
    }
}
