using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.Serving.Execution;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;

namespace Orrery.Live.Calibration;

/// <summary>A live run, predicted: the replica that ran, built from its own design, meets the same arrivals in virtual time, and its steps take what a profile says.</summary>
public static class LivePrediction
{
    /// <param name="design">What ran.</param>
    /// <param name="arrivals">As the loop stamped them; their lengths are those that they really had.</param>
    /// <param name="cost">Made anew for this run: times of steps, and what policies that predict are told.</param>
    public static LiveRecord Run(LiveDesign design, IReadOnlyList<Request> arrivals, ICostModel cost)
    {
        ArgumentNullException.ThrowIfNull(design);
        ArgumentNullException.ThrowIfNull(arrivals);
        VirtualClock clock = new();
        LiveRecorder recorder = new(cost);
        LiveParts parts = new(new ModelledExecutor(cost)) { Steps = recorder, StepTimes = design.KnowsStepTimes ? cost : null };
        LiveFleet fleet = new(clock, design, parts, recorder);
        using Recorded source = new([.. arrivals.OrderBy(request => request.Arrival)]);
        fleet.Fleet.Feed(source);
        clock.Run();
        return recorder.Record;
    }

    /// <summary>Requests per second when all come at once: what a replica can serve at most.</summary>
    public static double Capacity(LiveDesign design, IReadOnlyList<Request> requests, ICostModel cost)
    {
        LiveRecord record = Run(design, [.. requests.Select(request => At(request, Instant.Zero))], cost);
        return record.Outcomes.Count / record.Outcomes.Max(outcome => outcome.LastToken.Seconds);
    }

    /// <summary>The same request at another instant.</summary>
    internal static Request At(Request request, Instant arrival) => new()
    {
        Id = request.Id,
        Label = request.Label,
        Arrival = arrival,
        PromptTokens = request.PromptTokens,
        OutputTokens = request.OutputTokens,
        MaxTokens = request.MaxTokens,
        Client = request.Client,
    };

    private sealed class Recorded(IReadOnlyList<Request> requests) : ITrafficSource
    {
        private int _next;

        public Instant NextArrival => _next < requests.Count ? requests[_next].Arrival : Instant.Never;

        public long? ExpectedRequests => requests.Count;

        public int ClientCount => requests.Select(request => request.Client).DefaultIfEmpty().Max() + 1;

        public Request Take() => requests[_next++];

        public void Completed(Request request, Instant at)
        {
        }

        public void Dispose()
        {
        }
    }
}
