using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Description;

/// <summary>
/// Statistics of a traffic in one pass and bounded memory (one counter per client, and the prefixes of <see cref="PrefixSharing"/>).
/// </summary>
public sealed class TrafficDescription
{
    private readonly List<long> _clients = [];
    private long _lastNanoseconds;
    private double _gapMean;
    private double _gapSquares;
    private double _logPrompt;
    private double _logOutput;
    private double _logPromptSquares;
    private double _logOutputSquares;
    private double _logProducts;

    public long Count { get; private set; }

    public Instant First { get; private set; } = Instant.Never;

    public Instant Last => Instant.FromNanoseconds(_lastNanoseconds);

    /// <summary>From the first to the last arrival.</summary>
    public Duration Span => Count == 0 ? Duration.Zero : Last - First;

    /// <summary>Gaps over their total time; 0 with fewer than two requests.</summary>
    public double RatePerSecond => Count < 2 || Span == Duration.Zero ? 0 : (Count - 1) / Span.Seconds;

    /// <summary>Coefficient of variation of inter-arrival gaps; NaN with fewer than three requests.</summary>
    public double GapCv => Count < 3 ? double.NaN : Math.Sqrt(_gapSquares / (Count - 1)) / _gapMean;

    public RateBins Rates { get; } = new();

    /// <summary>Index of dispersion over 1, 10 and 60 seconds.</summary>
    public IReadOnlyList<DispersionWindow> Dispersion { get; } = [new(1), new(10), new(60)];

    public QuantileSketch PromptTokens { get; } = new();

    public QuantileSketch OutputTokens { get; } = new();

    /// <summary>Pearson correlation of the logarithms of prompt and output lengths; NaN without spread.</summary>
    public double LengthCorrelation
    {
        get
        {
            double covariance = (_logProducts / Count) - (_logPrompt / Count * (_logOutput / Count));
            double prompts = (_logPromptSquares / Count) - Math.Pow(_logPrompt / Count, 2);
            double outputs = (_logOutputSquares / Count) - Math.Pow(_logOutput / Count, 2);
            return covariance / Math.Sqrt(prompts * outputs);
        }
    }

    public PrefixSharing Prefixes { get; } = new();

    /// <summary>Requests per client, by index.</summary>
    public IReadOnlyList<long> Clients => _clients;

    /// <summary>Share of the requests that come from the most active clients.</summary>
    public double TopClientShare(int clients) => Count == 0 ? 0 : (double)_clients.OrderDescending().Take(clients).Sum() / Count;

    /// <summary>Describes a whole source.</summary>
    /// <param name="source">Played to its end.</param>
    /// <param name="assumedLatency">For closed-loop sources, see <see cref="SourceDrain"/>.</param>
    public static TrafficDescription Of(ITrafficSource source, Duration assumedLatency = default)
    {
        var description = new TrafficDescription();
        SourceDrain.ForEach(source, assumedLatency, description.Add);
        return description;
    }

    /// <summary>Adds the next request; arrivals must not go back.</summary>
    public void Add(Request request)
    {
        long at = request.Arrival.Nanoseconds;
        if (Count == 0)
        {
            First = request.Arrival;
        }
        else
        {
            // Welford's update over the gaps.
            double gap = (at - _lastNanoseconds) / 1e9;
            double delta = gap - _gapMean;
            _gapMean += delta / Count;
            _gapSquares += delta * (gap - _gapMean);
        }
        _lastNanoseconds = at;
        Count++;
        long since = at - First.Nanoseconds;
        Rates.Add(since);
        foreach (DispersionWindow window in Dispersion) window.Add(since);
        PromptTokens.Add(request.PromptTokens);
        OutputTokens.Add(request.OutputTokens);
        AddLengths(Math.Log(request.PromptTokens), Math.Log(request.OutputTokens));
        while (_clients.Count <= request.Client) _clients.Add(0);
        _clients[request.Client]++;
        Prefixes.Add(request);
    }

    private void AddLengths(double prompt, double output)
    {
        _logPrompt += prompt;
        _logOutput += output;
        _logPromptSquares += prompt * prompt;
        _logOutputSquares += output * output;
        _logProducts += prompt * output;
    }
}
