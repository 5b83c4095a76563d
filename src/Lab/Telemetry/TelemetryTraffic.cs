using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Lab.Telemetry;

/// <summary>The requests of a log as traffic: arrivals and lengths as they were, nothing of what became of them.</summary>
internal sealed record TelemetryTraffic : TrafficSpec
{
    public required IReadOnlyList<TelemetryRequest> Requests { get; init; }

    public override ITrafficSource Open(RandomStream random) => new Source(Requests);

    /// <summary>
    /// The scenario's own trace where it holds every request of the log with the same prompt length: it may know shared prefixes, which a log
    /// does not tell. Else the log.
    /// </summary>
    public static TrafficSpec Choose(TrafficSpec own, IReadOnlyList<TelemetryRequest> requests, string logName)
    {
        if (own is TraceSpec { Arrivals: null } trace && Holds(trace, requests)) return trace;
        return new TelemetryTraffic { Name = logName, Requests = requests };
    }

    private static bool Holds(TraceSpec trace, IReadOnlyList<TelemetryRequest> requests)
    {
        Dictionary<string, int> prompts = [];
        using ITrafficSource source = trace.Open(RandomStream.Root(0));
        SourceDrain.ForEach(source, Duration.Zero, request =>
        {
            if (request.Label is { } label) prompts[label] = request.PromptTokens;
        });
        return prompts.Count > 0 && requests.All(request => prompts.GetValueOrDefault(request.Outcome.Id) == request.PromptTokens);
    }

    private sealed class Source(IReadOnlyList<TelemetryRequest> requests) : ITrafficSource
    {
        private int _next;

        public Instant NextArrival => _next < requests.Count ? Instant.FromSeconds(requests[_next].ArrivalSeconds) : Instant.Never;

        public long? ExpectedRequests => requests.Count;

        public Request Take()
        {
            if (_next >= requests.Count) throw new InvalidOperationException("no request is pending");
            TelemetryRequest request = requests[_next];
            return new()
            {
                Id = _next++,
                Label = request.Outcome.Id,
                Arrival = Instant.FromSeconds(request.ArrivalSeconds),
                PromptTokens = request.PromptTokens,
                OutputTokens = request.Outcome.OutputTokens,
            };
        }

        public void Dispose()
        {
        }
    }
}
