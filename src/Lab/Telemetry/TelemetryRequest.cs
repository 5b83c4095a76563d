using Orrery.Lab.Fidelity;

namespace Orrery.Lab.Telemetry;

/// <summary>One request of a live server as its log tells it.</summary>
/// <param name="Outcome">Name, output tokens, TTFT and latency.</param>
/// <param name="ArrivalSeconds">Since the first arrival of the file.</param>
/// <param name="PromptTokens">At least 1.</param>
/// <param name="IsFinished">It produced all its tokens; others were load all the same, but are not compared.</param>
public readonly record struct TelemetryRequest(RequestOutcome Outcome, double ArrivalSeconds, int PromptTokens, bool IsFinished);
