using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>How far attention and expert families lie from measured tables.</summary>
public static class OperatorErrors
{
    public static FitError Prefill(PrefillAttentionEfficiency prefill, AttentionTable table, Func<AttentionSample, bool>? only = null) =>
        Compare(table.Prefill, only, s => prefill.Seconds(table.Site(s), AttentionTable.Work(s)));

    public static FitError Decode(DecodeAttentionEfficiency decode, AttentionTable table, Func<AttentionSample, bool>? only = null) =>
        Compare(table.Decode, only, s => decode.Seconds(table.Site(s), s.Decodes, s.DecodeContext));

    /// <summary>Decodes of two lengths.</summary>
    public static FitError Skewed(DecodeAttentionEfficiency decode, AttentionTable table, Func<AttentionSample, bool>? only = null) =>
        Compare(table.SkewedDecode, only, s => decode.Seconds(table.Site(s), s.Decodes, s.MeanDecodeContext, s.LongestDecodeContext, 1));

    public static FitError Mixed(
        MixedAttentionEfficiency mixed, PrefillAttentionEfficiency prefill, DecodeAttentionEfficiency decode, AttentionTable table, Func<AttentionSample, bool>? only = null) =>
        Compare(table.Mixed, only, s => MixedSeconds(mixed, prefill, decode, table, s));

    /// <summary>Chunks with decodes of two lengths.</summary>
    public static FitError SkewedMixed(
        MixedAttentionEfficiency mixed, PrefillAttentionEfficiency prefill, DecodeAttentionEfficiency decode, AttentionTable table, Func<AttentionSample, bool>? only = null) =>
        Compare(table.SkewedMixed, only, s => MixedSeconds(mixed, prefill, decode, table, s));

    public static FitError Experts(ExpertEfficiency experts, ExpertTable table, Func<ExpertSample, bool>? only = null)
    {
        FitErrors errors = new();
        foreach (ExpertSample s in table.Samples)
            if (only is null || only(s)) errors.Add(table.Predict(experts, s), s.Seconds);
        return errors.Summary();
    }

    private static double MixedSeconds(
        MixedAttentionEfficiency mixed, PrefillAttentionEfficiency prefill, DecodeAttentionEfficiency decode, AttentionTable table, AttentionSample s)
    {
        AttentionSite site = table.Site(s);
        PrefillWork work = AttentionTable.Work(s);
        return mixed.Seconds(
            site, work, prefill.Seconds(site, work), s.Decodes, s.MeanDecodeContext, s.LongestDecodeContext,
            decode.Seconds(site, s.Decodes, s.MeanDecodeContext, s.LongestDecodeContext, 1));
    }

    private static FitError Compare(IReadOnlyList<AttentionSample> samples, Func<AttentionSample, bool>? only, Func<AttentionSample, double> predict)
    {
        FitErrors errors = new();
        foreach (AttentionSample s in samples)
            if (only is null || only(s)) errors.Add(predict(s), s.Seconds);
        return errors.Summary();
    }
}
