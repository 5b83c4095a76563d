using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Testing.Traffic;

/// <summary>A fixed list of requests in arrival order.</summary>
public sealed class ScriptedTraffic(IReadOnlyList<Request> requests) : ITrafficSource
{
    private int _next;

    public Instant NextArrival => _next < requests.Count ? requests[_next].Arrival : Instant.Never;

    public long? ExpectedRequests => requests.Count;

    public Request Take() => requests[_next++];

    public void Dispose()
    {
    }
}

/// <summary>Clients that send their next request a fixed think time after the last one ended: as many ties as one could wish.</summary>
public sealed class EagerClients : ITrafficSource
{
    private readonly PriorityQueue<int, (Instant At, int Client)> _ready = new();
    private readonly RandomStream _random;
    private readonly Duration _think;
    private readonly int _most;
    private int _issued;

    public EagerClients(RandomStream random, int clients, int requests, Duration think)
    {
        _random = random;
        _think = think;
        _most = requests;
        for (int i = 0; i < clients; i++) _ready.Enqueue(i, (Instant.Zero, i));
    }

    public Instant NextArrival => _issued < _most && _ready.TryPeek(out _, out (Instant At, int Client) first) ? first.At : Instant.Never;

    public bool IsClosedLoop => true;

    public Request Take()
    {
        _ready.TryDequeue(out int client, out (Instant At, int Client) key);
        return new()
        {
            Id = _issued++,
            Arrival = key.At,
            Client = client,
            PromptTokens = 1 + _random.NextInt(200),
            OutputTokens = 1 + _random.NextInt(60),
        };
    }

    public void Completed(Request request, Instant at) => _ready.Enqueue(request.Client, (at + _think, request.Client));

    public void Dispose()
    {
    }
}
