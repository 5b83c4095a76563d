using System.Globalization;
using Orrery.Lab.Calibration;
using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

/// <summary>Errors of attention and expert families on the published tables, where <c>ORRERY_DATA</c> names a folder of them.</summary>
public sealed class PublishedOperatorTests(ITestOutputHelper output)
{
    private static readonly string? Data = Environment.GetEnvironmentVariable("ORRERY_DATA");

    [Fact]
    public void Attention()
    {
        List<AttentionTable> tables = [];
        List<AttentionTable> engines = [];
        foreach (var group in Sets().GroupBy(s => (s.Device, s.Software, s.Source)))
        {
            DeviceSpec device = Device(group.Key.Device);
            AttentionTable table = new(device, group.SelectMany(s => s.Attention));
            if (table.Prefill.Count == 0 || table.Decode.Count == 0 || group.Key.Software.Length == 0) continue;
            output.WriteLine($"{group.Key} prefill {table.Prefill.Count} decode {table.Decode.Count} mixed {table.Mixed.Count} skew {table.SkewedDecode.Count} {table.SkewedMixed.Count}");
            Report(table);
            tables.Add(table);
            if (group.Key.Software.Length > 0) engines.Add(table);
        }
        foreach (AttentionTable table in tables)
        {
            if (!engines.Contains(table)) continue;
            AttentionTable[] donors = [.. engines.Where(t => t.Device.Name != table.Device.Name)];
            PrefillAttentionEfficiency prefill = AttentionFit.Prefill(donors)!;
            DecodeAttentionEfficiency decode = AttentionFit.Decode(donors)!;
            output.WriteLine($"transfer to {table.Device.Name}: prefill {Text(OperatorErrors.Prefill(prefill, table))} decode {Text(OperatorErrors.Decode(decode, table))}");
            if (table.Mixed.Count > 0) output.WriteLine($"   mixed {Text(OperatorErrors.Mixed(MixedFit.Mixed(donors), prefill, decode, table))}");
        }
    }

    [Fact]
    public void Experts()
    {
        List<ExpertTable> tables = [];
        foreach (var group in Sets().GroupBy(s => (s.Device, s.Software, s.Source)))
        {
            ExpertTable table = new(Device(group.Key.Device), group.SelectMany(s => s.Experts));
            if (table.Samples.Count == 0 || group.Key.Software.Length == 0) continue;
            ExpertEfficiency compact = ExpertFit.Experts(table)!;
            ExpertEfficiency full = ExpertFit.ExpertsTable(table)!;
            ExpertEfficiency half = ExpertFit.ExpertsTable(table.Where(s => !IsLeft(s)))!;
            output.WriteLine($"{group.Key} {table.Samples.Count} floor {compact.FloorSeconds * 1e6:0.0}us {Documents.YamlText.Write(compact.Write()).Length} B\n  compact {Text(OperatorErrors.Experts(compact, table))}"
                + $"\n  table {Text(OperatorErrors.Experts(full, table))}\n  left out {Text(OperatorErrors.Experts(half, table, IsLeft))}");
            Assert.InRange(OperatorErrors.Experts(half, table, IsLeft).TimeWeightedMape, 0, 0.12);
            foreach (Precision format in compact.Surfaces.Keys) output.WriteLine($"   {format} {Text(OperatorErrors.Experts(compact, table, s => s.Format == format))}");
            tables.Add(table);
        }
        foreach (ExpertTable table in tables)
        {
            ExpertEfficiency experts = ExpertFit.Experts([.. tables.Where(t => t.Device.Name != table.Device.Name)])!;
            output.WriteLine($"transfer to {table.Device.Name}: {Text(OperatorErrors.Experts(experts, table))}");
        }
    }

    private void Report(AttentionTable table)
    {
        AttentionTable half = table.Where(s => !IsLeft(s));
        PrefillAttentionEfficiency prefill = AttentionFit.Prefill(table)!;
        Assert.InRange(OperatorErrors.Prefill(prefill, table).TimeWeightedMape, 0, 0.04);
        PrefillAttentionEfficiency prefillTable = AttentionFit.PrefillTable(table)!;
        output.WriteLine($"  prefill {Documents.YamlText.Write(prefill.Write()).Length} B floor {prefill.FloorSeconds * 1e6:0.0}us: compact {Text(OperatorErrors.Prefill(prefill, table))}"
            + $"\n     table {Text(OperatorErrors.Prefill(prefillTable, table))} left out {Text(OperatorErrors.Prefill(AttentionFit.PrefillTable(half)!, table, IsLeft))}");
        DecodeAttentionEfficiency decode = AttentionFit.Decode(table)!;
        DecodeAttentionEfficiency decodeTable = AttentionFit.DecodeTable(table)!;
        Assert.InRange(OperatorErrors.Decode(decode, table).TimeWeightedMape, 0, 0.06);
        output.WriteLine($"  decode {Documents.YamlText.Write(decode.Write()).Length} B floor {decode.FloorSeconds * 1e6:0.0}us: compact {Text(OperatorErrors.Decode(decode, table))}"
            + $"\n     table {Text(OperatorErrors.Decode(decodeTable, table))} left out {Text(OperatorErrors.Decode(AttentionFit.DecodeTable(half)!, table, IsLeft))}");
        if (table.SkewedDecode.Count > 0)
        {
            Assert.InRange(OperatorErrors.Skewed(decode, table).Mape, 0, 0.05);
            output.WriteLine($"  skew compact {Text(OperatorErrors.Skewed(decode, table))} table {Text(OperatorErrors.Skewed(decodeTable, table))} alpha {string.Join(" ", decodeTable.Skew.Log2Ratios.Select(v => Math.Pow(2, v).ToString("0.000", CultureInfo.InvariantCulture)))}");
        }
        if (table.Mixed.Count == 0) return;
        MixedAttentionEfficiency mixed = MixedFit.Mixed(table);
        Assert.InRange(OperatorErrors.Mixed(mixed, prefill, decode, table).Mape, 0, 0.05);
        MixedAttentionEfficiency mixedTable = MixedFit.MixedTable(table);
        output.WriteLine($"  mixed {Documents.YamlText.Write(mixed.Write()).Length} B {mixed.Law}: compact {Text(OperatorErrors.Mixed(mixed, prefill, decode, table))}"
            + $"\n     table {Text(OperatorErrors.Mixed(mixedTable, prefillTable, decodeTable, table))} left out {Text(OperatorErrors.Mixed(MixedFit.MixedTable(half), prefillTable, decodeTable, table, IsLeft))}"
            + $"\n     skewed compact {Text(OperatorErrors.SkewedMixed(mixed, prefill, decode, table))} table {Text(OperatorErrors.SkewedMixed(mixedTable, prefillTable, decodeTable, table))}");
    }

    /// <summary>Half of the points, as on a chequerboard over powers of two of all sizes.</summary>
    private static bool IsLeft(AttentionSample s)
    {
        int steps = 0;
        foreach (int size in (ReadOnlySpan<int>)[s.ChunkTokens, s.HistoryTokens, s.DecodeContext, s.Chunks, s.Decodes])
            if (size > 1) steps += (int)Math.Round(Math.Log2(size));
        return steps % 2 != 0;
    }

    private static bool IsLeft(ExpertSample s) => (int)Math.Round(Math.Log2(s.Tokens)) % 2 != 0;

    private static string Text(FitError e) =>
        string.Create(CultureInfo.InvariantCulture, $"[tw {100 * e.TimeWeightedMape:0.0} mape {100 * e.Mape:0.0} p95 {100 * e.P95:0} bias {100 * e.Bias:0.0} n {e.Samples}]");

    private static DeviceSpec Device(string name) => Catalog.Device(name);

    private static IEnumerable<MeasurementSet> Sets()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Data), "ORRERY_DATA names no folder of published tables");
        return Directory.EnumerateDirectories(Data!, "profiles-*").Order(StringComparer.Ordinal)
            .Where(folder => Directory.EnumerateFiles(folder, "*.csv.gz", SearchOption.AllDirectories).Any())
            .SelectMany(MeasurementImport.Read);
    }
}
