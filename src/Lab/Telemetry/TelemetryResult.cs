using Orrery.Lab.Fidelity;
using Orrery.World.Profiles;

namespace Orrery.Lab.Telemetry;

/// <summary>A parameter before and after.</summary>
/// <param name="Parameter">What it is.</param>
/// <param name="Fitted">Its new value.</param>
public sealed record FittedParameter(TelemetryParameter Parameter, double Fitted);

/// <summary>TTFT, TPOT and latency of one part of the log, by the scenario as it was and as calibrated.</summary>
/// <param name="Requests">Compared.</param>
/// <param name="Before">By the scenario's own profile.</param>
/// <param name="After">By the calibrated one.</param>
public sealed record TelemetryJudgement(int Requests, IReadOnlyList<DistributionComparison> Before, IReadOnlyList<DistributionComparison> After);

/// <summary>What a log taught.</summary>
/// <param name="Parameters">In the order of the search.</param>
/// <param name="Fitted">Errors on the earlier part, which was fitted.</param>
/// <param name="HeldOut">Errors on the later part, which was not.</param>
/// <param name="Profile">The calibrated profile.</param>
/// <param name="Runs">Simulations that it took.</param>
/// <param name="Preemptions">Of the calibrated simulation.</param>
/// <param name="Blocks">KV blocks of a replica in it.</param>
/// <param name="UsesLog">The traffic came from the log, not from a trace of the scenario that knows more.</param>
/// <param name="Notes">What a reader should know, one sentence each.</param>
public sealed record TelemetryResult(
    IReadOnlyList<FittedParameter> Parameters,
    TelemetryJudgement Fitted,
    TelemetryJudgement HeldOut,
    DeviceProfile Profile,
    int Runs,
    long Preemptions,
    long Blocks,
    bool UsesLog,
    IReadOnlyList<string> Notes);
