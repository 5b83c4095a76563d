using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>
/// Errors of attention and expert families on what they were not fitted to: every second point along sizes, which all tables sweep by powers
/// of two and in between, and whole devices.
/// </summary>
public static class OperatorLeaveOut
{
    /// <summary>By family: every table predicted by what those of all other chips teach, one error over all of them.</summary>
    public static IEnumerable<(ProfileFamily Family, FitError Error)> Devices(
        IReadOnlyList<AttentionTable> attention, IReadOnlyList<ExpertTable> experts, Func<AttentionTable, AttentionTable, bool> isDonor, Func<ExpertTable, ExpertTable, bool> isExpertDonor)
    {
        ArgumentNullException.ThrowIfNull(attention);
        ArgumentNullException.ThrowIfNull(experts);
        List<FitError> prefill = [];
        List<FitError> decode = [];
        List<FitError> mixed = [];
        List<FitError> routed = [];
        foreach (AttentionTable table in attention)
        {
            AttentionTable[] donors = [.. attention.Where(other => isDonor(table, other))];
            if (AttentionFit.Prefill(donors) is not { } p || AttentionFit.Decode(donors) is not { } d) continue;
            prefill.Add(OperatorErrors.Prefill(p, table));
            decode.Add(OperatorErrors.Decode(d, table));
            if (table.Mixed.Count > 0) mixed.Add(OperatorErrors.Mixed(MixedFit.Mixed(donors), p, d, table));
        }
        foreach (ExpertTable table in experts)
            if (ExpertFit.Experts([.. experts.Where(other => isExpertDonor(table, other))]) is { } family) routed.Add(OperatorErrors.Experts(family, table));
        foreach ((ProfileFamily family, List<FitError> errors) in new[]
        {
            (ProfileFamily.Prefill, prefill), (ProfileFamily.Decode, decode), (ProfileFamily.Mixed, mixed), (ProfileFamily.Experts, routed),
        })
        {
            FitError[] some = [.. errors.Where(error => error.Samples > 0)];
            if (some.Length > 0) yield return (family, Mean(some));
        }
    }

    /// <summary>Devices count the same, however many points their publishers measured.</summary>
    private static FitError Mean(FitError[] errors) => new(
        errors.Average(e => e.Mape),
        errors.Average(e => e.TimeWeightedMape),
        errors.Average(e => e.P95),
        errors.Average(e => e.Bias),
        Math.Sqrt(errors.Average(e => (e.Spread * e.Spread) + (e.Bias * e.Bias))),
        errors.Sum(e => e.Samples));

    internal static bool IsLeft(AttentionSample s)
    {
        int steps = 0;
        foreach (int size in (ReadOnlySpan<int>)[s.ChunkTokens, s.HistoryTokens, s.DecodeContext, s.Chunks, s.Decodes])
            if (size > 1) steps += (int)Math.Round(Math.Log2(size));
        return steps % 2 != 0;
    }

    /// <inheritdoc cref="IsLeft(AttentionSample)"/>
    internal static bool IsLeft(ExpertSample s) => (int)Math.Round(Math.Log2(s.Tokens)) % 2 != 0;
}
