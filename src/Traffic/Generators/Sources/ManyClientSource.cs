using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>Arrivals of a client during one window.</summary>
public readonly record struct ClientWindow(double RatePerSecond, GapFamily Family, double Cv);

/// <summary>
/// One client of a many-client workload (ServeGen: a service's traffic is the sum of few heavy and many light clients, each with its
/// own bursts and lengths).
/// </summary>
public interface IClientModel
{
    string Name { get; }

    double MeanRatePerSecond { get; }

    /// <summary>
    /// Window by index; windows follow each other without gaps and repeat or go on for ever. <paramref name="client"/> is the client's
    /// own stream for keyed draws.
    /// </summary>
    ClientWindow Window(long index, RandomStream client);

    ILengthModel LengthsAt(double seconds);

    /// <summary>Tool calls of its requests; null: as the marks say.</summary>
    CallMarks? Calls => null;
}

/// <summary>The sum of many clients: a heap over their next arrivals; memory is proportional to the clients.</summary>
public sealed class ManyClientSource : ITrafficSource
{
    private readonly IReadOnlyList<IClientModel> _models;
    private readonly Client[] _clients;
    private readonly PriorityQueue<int, (double Seconds, int Client)> _ready = new();
    private readonly Marker _marker;
    private readonly TrafficBudget _budget;
    private readonly double _meanRate;
    private Instant _next;
    private long _taken;

    /// <param name="models">The clients.</param>
    /// <param name="windowSeconds">Length of their windows.</param>
    /// <param name="ratePerSecond">Mean of all together; null: as the clients say.</param>
    /// <param name="marks">Marks besides the client.</param>
    /// <param name="budget">When to end.</param>
    /// <param name="random">Each client draws from its own streams.</param>
    public ManyClientSource(IReadOnlyList<IClientModel> models, double windowSeconds, double? ratePerSecond, RequestMarks marks,
        TrafficBudget budget, RandomStream random)
    {
        double natural = models.Sum(m => m.MeanRatePerSecond);
        _meanRate = ratePerSecond ?? natural;
        _models = models;
        _budget = budget;
        _marker = new Marker(marks, random.Split("marks"));
        RandomStream family = random.Split("clients");
        _clients = [.. models.Select((model, index) => new Client(model, windowSeconds, _meanRate / natural, family.Split(index)))];
        double horizon = budget.Duration.IsInfinite ? double.PositiveInfinity : budget.Duration.Seconds;
        for (int index = 0; index < _clients.Length; index++) Enqueue(index, horizon);
        _next = Peek();
    }

    public Instant NextArrival => _next;

    public long? ExpectedRequests =>
        _budget.Requests ?? (_budget.Duration.IsInfinite ? null : (long)(_budget.Duration.Seconds * _meanRate));

    public int ClientCount => _clients.Length;

    public string ClientName(int client) => _models[client].Name;

    public Request Take()
    {
        if (_next.IsNever) throw new InvalidOperationException("no request is pending");
        _ready.TryDequeue(out int index, out (double Seconds, int Client) at);
        Client client = _clients[index];
        TraceRow row = TraceRow.Blank;
        _models[index].LengthsAt(at.Seconds).Draw(client.Prompts, client.Outputs, out row.PromptTokens, out row.OutputTokens);
        _marker.Apply(ref row);
        client.Calls?.Apply(ref row);
        row.Client = index;
        Request request = row.ToRequest(_taken++, _next);
        Enqueue(index, _budget.Duration.IsInfinite ? double.PositiveInfinity : _budget.Duration.Seconds);
        _next = Peek();
        return request;
    }

    public void Dispose()
    {
    }

    private Instant Peek() =>
        _ready.TryPeek(out _, out (double Seconds, int Client) at) ? _budget.Arrival(at.Seconds, _taken) : Instant.Never;

    private void Enqueue(int index, double horizonSeconds)
    {
        double seconds = _clients[index].Next(horizonSeconds);
        if (seconds < horizonSeconds) _ready.Enqueue(index, (seconds, index));
    }

    /// <summary>A renewal process in operational time across windows of changing rate and shape.</summary>
    private sealed class Client(IClientModel model, double windowSeconds, double scale, RandomStream random)
    {
        /// <summary>
        /// Silent windows in a row after which a client without a time limit counts as ended: 10 years of 10-minute windows.
        /// </summary>
        private const int LongestSilence = 525_600;

        private readonly RandomStream _gaps = random.Split("gaps");
        private readonly RandomStream _windows = random.Split("windows");
        private IDistribution _gap = UnitGaps.Of(GapFamily.Exponential, 1);
        private ClientWindow _window = model.Window(0, random.Split("windows"));
        private (GapFamily Family, double Cv) _shape = (GapFamily.Exponential, 1);
        private long _index;
        private double _offset;

        internal RandomStream Prompts { get; } = random.Split("prompts");

        internal RandomStream Outputs { get; } = random.Split("outputs");

        internal CallDraw? Calls { get; } = model.Calls is { } calls ? new(calls, random.Split("calls")) : null;

        internal double Next(double horizonSeconds)
        {
            double need = -1;
            for (int silent = 0; silent < LongestSilence;)
            {
                double rate = _window.RatePerSecond * scale;
                double left = windowSeconds - _offset;
                if (rate > 0)
                {
                    silent = 0;
                    if (need < 0) need = Gap();
                    if (need <= rate * left)
                    {
                        _offset += need / rate;
                        return (_index * windowSeconds) + _offset;
                    }
                    need -= rate * left;
                }
                else
                {
                    silent++;
                }
                _offset = 0;
                if (++_index * windowSeconds >= horizonSeconds) break;
                _window = model.Window(_index, _windows);
            }
            return double.PositiveInfinity;
        }

        private double Gap()
        {
            if (_shape != (_window.Family, _window.Cv))
            {
                _shape = (_window.Family, _window.Cv);
                _gap = UnitGaps.Of(_window.Family, _window.Cv);
            }
            return _gap.Sample(_gaps);
        }
    }
}
