using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Metrics;

/// <summary>
/// What users of a fleet felt, over the whole run, in bounded memory. All sums are exact integers, so the order in which replicas report
/// does not matter.
/// </summary>
/// <remarks>
/// TTFT counts from arrival to the first token, of every request that got one. TPOT = (last − first token − pauses for tools) / (output
/// tokens − 1), gaps lie between two tokens of one request or between a tool's answer and the next token, queue is arrival to first
/// scheduled; TPOT, end-to-end, normalised latency (end-to-end per output token) and QoE are of finished requests. Times are in
/// nanoseconds, QoE in parts (<see cref="QoePartsPerOne"/>).
/// </remarks>
public sealed class ServingMetrics(ServiceObjective objective, QoeRule qoe)
{
    /// <summary>QoE is kept as an integer: a QoE of 1 is this many parts.</summary>
    public const double QoePartsPerOne = 1e9;

    public ServiceObjective Objective { get; } = objective;

    /// <summary>What readers expect, and how QoE is made from it.</summary>
    public QoeRule QoeRule { get; } = qoe;

    /// <summary>True where an objective asks for a pace, so that sequences must keep it.</summary>
    internal bool WatchesPace { get; } = objective.Pace.Exists;

    internal double PaceDecay { get; } = objective.Pace.Decay;

    /// <summary>Also counts the gaps of a part of the run; null for none.</summary>
    public GapWindow? Window { get; init; }

    /// <summary>Also learns of tokens as they come; null for nobody.</summary>
    public ITokenObserver? Tokens { get; set; }

    public QuantileSketch Ttft { get; } = new();

    public QuantileSketch Tpot { get; } = new();

    public QuantileSketch Gaps { get; } = new();

    public QuantileSketch EndToEnd { get; } = new();

    public QuantileSketch Queue { get; } = new();

    public QuantileSketch NormalizedLatency { get; } = new();

    public QuantileSketch Qoe { get; } = new();

    public long Finished { get; private set; }

    public long Rejected { get; private set; }

    public long Cancelled { get; private set; }

    public long TimedOut { get; private set; }

    /// <summary>Finished requests that met their limits.</summary>
    public long MetObjective { get; private set; }

    /// <summary>Prompt tokens of finished requests.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Output tokens delivered, of all requests that left.</summary>
    public long OutputTokens { get; private set; }

    /// <summary>Prompt tokens that a prefix cache supplied.</summary>
    public long CachedTokens { get; private set; }

    /// <summary>Time from the token before a preemption to the token after it, over all requests: what preemptions cost them (Llumnix, section 6.2).</summary>
    public Int128 PreemptedNanoseconds { get; private set; }

    internal void Scheduled(Duration queued) => Queue.Add(queued.Nanoseconds);

    internal void FirstToken(Sequence sequence)
    {
        Ttft.Add((sequence.FirstToken - sequence.Arrival).Nanoseconds);
        Tokens?.FirstToken(sequence);
    }

    /// <param name="replica">Index in the fleet.</param>
    /// <param name="nanoseconds">Between two tokens of a request.</param>
    /// <param name="tokens">How many requests had it.</param>
    /// <param name="endNanoseconds">When the second token came.</param>
    internal void Gap(int replica, long nanoseconds, int tokens, long endNanoseconds)
    {
        Gaps.Add(nanoseconds, tokens);
        Window?.Add(nanoseconds, tokens, endNanoseconds);
        Tokens?.Gap(replica, nanoseconds, tokens);
    }

    /// <summary>A request gets a token after a gap; where it was preempted in between, the gap counts as lost.</summary>
    internal void AfterPreemption(Sequence sequence, long gapNanoseconds)
    {
        sequence.PreemptionsCounted = sequence.Preemptions;
        PreemptedNanoseconds += gapNanoseconds;
    }

    internal void Left(Sequence sequence)
    {
        OutputTokens += sequence.GeneratedTokens;
        CachedTokens += sequence.CachedTokens;
        switch (sequence.Outcome)
        {
            case Outcome.Finished:
                CountFinished(sequence);
                break;
            case Outcome.Rejected:
                Rejected++;
                break;
            case Outcome.Cancelled:
                Cancelled++;
                break;
            case Outcome.TimedOut:
                TimedOut++;
                break;
            case Outcome.Live:
            default:
                throw new InvalidOperationException($"{sequence} left without an outcome");
        }
    }

    private void CountFinished(Sequence sequence)
    {
        Finished++;
        PromptTokens += sequence.PromptTokens;
        long total = (sequence.LastToken - sequence.Arrival).Nanoseconds;
        EndToEnd.Add(total);
        NormalizedLatency.Add(total / sequence.GeneratedTokens);
        Qoe.Add((long)Math.Round(sequence.QualityOfExperience(QoeRule) * QoePartsPerOne));
        if (sequence.GeneratedTokens > 1) Tpot.Add(sequence.TimePerToken.Nanoseconds);
        if (Objective.IsMetBy(sequence)) MetObjective++;
    }
}
