using System.Globalization;
using Orrery.Traffic.Readers;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>
/// LLMServingSim's <c>skew.csv</c>: decodes of which <c>nb</c> attend <c>kv_big</c> tokens and the others <c>kvs</c>, beside a chunk or not,
/// timed as they are (<c>t_skew_us</c>) and with all contexts at the longest (<c>t_max_us</c>). The published times are sums over the
/// repetitions where those of <c>attention.csv</c> are means: the shapes that both tables hold tell the factor.
/// </summary>
internal static class SkewTables
{
    /// <summary>Fewer shared shapes say nothing.</summary>
    private const int LeastShared = 5;

    /// <summary>A factor this near to a whole number is one.</summary>
    private const double Nearness = 0.1;

    public static void Read(TableFile file, CsvReader csv, ImportSession session)
    {
        (int decodes, int longer, int chunk, int history) = (csv.Require("n"), csv.Require("nb"), csv.Require("pc"), csv.Require("kp"));
        (int shorter, int longest, int uniform, int time) = (csv.Require("kvs"), csv.Require("kv_big"), csv.Require("t_max_us"), csv.Require("t_skew_us"));
        LayerPlace place = LayerPlace.Of(file);
        SetBuilder set = place.Set(file, session);
        if (place.Shape(file, set) is not { } shape) return;
        List<(AttentionSample Sample, double UniformSeconds)> rows = [];
        while (csv.TryRead(out CsvRow row))
        {
            int tokens = row.Size(chunk, 0);
            int count = row.Size(decodes);
            int longCount = row.Int(longer, 0, count);
            rows.Add((
                new("", tokens > 0 ? 1 : 0, tokens, tokens > 0 ? row.Size(history, 0) : 0, count, row.Size(shorter), longCount, row.Size(longest), shape.HeadsHere,
                    shape.KvHeadsHere, shape.HeadWidth, row.Seconds(time, RowFields.Microseconds)),
                row.Seconds(uniform, RowFields.Microseconds)));
        }
        int factor = Factor(file, set, rows, shape);
        foreach ((AttentionSample sample, _) in rows) set.Attention.Add(sample with { Seconds = sample.Seconds / factor });
    }

    /// <summary>How many times longer the skew table finds the uniform batches that <c>attention.csv</c> beside it has too: a whole number.</summary>
    private static int Factor(TableFile file, SetBuilder set, List<(AttentionSample Sample, double UniformSeconds)> rows, LayerShape shape)
    {
        Dictionary<(int, int, int, int), double> known = [];
        foreach (AttentionSample s in set.Attention)
            if (s.LongDecodes == 0 && s.Heads == shape.HeadsHere) known[(s.ChunkTokens, s.HistoryTokens, s.Decodes, s.DecodeContext)] = s.Seconds;
        List<double> ratios = [];
        foreach ((AttentionSample s, double seconds) in rows)
            if (known.TryGetValue((s.ChunkTokens, s.HistoryTokens, s.Decodes, s.LongContext), out double once) && once > 0) ratios.Add(seconds / once);
        if (ratios.Count < LeastShared) return 1;
        ratios.Sort();
        double median = ratios[ratios.Count / 2];
        double whole = Math.Round(median);
        if (Math.Abs(median - whole) > Nearness * whole || whole <= 1)
        {
            if (whole > 1) set.Warn($"{Finding()}; they are kept");
            return 1;
        }
        set.Warn(string.Create(CultureInfo.InvariantCulture, $"{Finding()}, as if {whole:0} repetitions had been summed; they are divided by {whole:0}"));
        return (int)whole;

        string Finding() => string.Create(
            CultureInfo.InvariantCulture, $"{file.Relative}: its times are {median:0.00} times those of attention.csv at {ratios.Count} equal shapes");
    }
}
