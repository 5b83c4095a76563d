using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Calibration;

/// <summary>What one request of a run experienced, live or predicted.</summary>
/// <param name="Request">As it arrived: the stamp of the loop, and the lengths it had.</param>
/// <param name="FirstToken">When its first token was there.</param>
/// <param name="LastToken">When its last one was.</param>
/// <param name="OutputTokens">Tokens that it produced.</param>
/// <param name="Preemptions">How often it lost its KV.</param>
public sealed record LiveOutcome(Request Request, Instant FirstToken, Instant LastToken, int OutputTokens, int Preemptions);

/// <summary>One step of a run.</summary>
/// <param name="Kind">What it was made of.</param>
/// <param name="Sequences">Sequences in it.</param>
/// <param name="Seconds">From its start to the delivery of its tokens.</param>
/// <param name="PredictedSeconds">What the profile says of a step like it.</param>
public readonly record struct LiveStep(StepKind Kind, int Sequences, double Seconds, double PredictedSeconds);

/// <summary>A run of one model, live or predicted.</summary>
/// <param name="Outcomes">Requests that finished, in the order of their end.</param>
/// <param name="Steps">Steps, in order.</param>
public sealed record LiveRecord(IReadOnlyList<LiveOutcome> Outcomes, IReadOnlyList<LiveStep> Steps)
{
    public long Preemptions => Outcomes.Sum(outcome => (long)outcome.Preemptions);
}
