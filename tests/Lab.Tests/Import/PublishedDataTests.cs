using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Orrery.Documents;
using Orrery.Lab.Import;
using Orrery.World.Measurements;

namespace Orrery.Lab.Tests.Import;

/// <summary>The published tables themselves, where <c>ORRERY_DATA</c> names a folder of them.</summary>
public sealed partial class PublishedDataTests(ITestOutputHelper output)
{
    private static readonly string? Data = Environment.GetEnvironmentVariable("ORRERY_DATA");

    [Fact]
    public void Every_published_table_is_imported()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Data), "ORRERY_DATA names no folder of published tables");
        foreach (string folder in Directory.EnumerateDirectories(Data!, "profiles-*").Order(StringComparer.Ordinal))
        {
            if (!Directory.EnumerateFiles(folder, "*.csv.gz", SearchOption.AllDirectories).Any()) continue;
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<MeasurementSet> sets = MeasurementImport.Read(folder);
            output.WriteLine($"{Path.GetFileName(folder)} {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s");
            foreach (MeasurementSet set in sets)
            {
                output.WriteLine($"  {set.Origin}: {set.Device} | {set.Software} | {set.Model} | {set.Source} | {set.Licence} | matrices {set.Matrices.Count}, vectors {set.Vectors.Count}, "
                    + $"attention {set.Attention.Count}, experts {set.Experts.Count}, collectives {set.Collectives.Count}, phases {set.Phases.Count}");
                foreach (string warning in set.Warnings) output.WriteLine($"    ! {warning}");
                Assert.All(set.Attention, sample => Assert.True(sample.Seconds >= 0 && sample.Heads > 0 && sample.Chunks + sample.Decodes > 0));
                Assert.All(set.Matrices, sample => Assert.True(sample.Seconds >= 0));
            }
            Assert.NotEmpty(sets);
        }
    }

    [Fact]
    public void Every_row_of_a_table_without_filters_gives_a_sample()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Data), "ORRERY_DATA names no folder of published tables");
        CheckRows("gemm_perf*", set => set.Matrices.Count);
        CheckRows("moe_perf*", set => set.Experts.Count + set.Warnings.Sum(LeftOut));
        CheckRows("nccl.*", set => set.Collectives.Count);
        CheckRows("dense.csv*", set => set.Matrices.Count + set.Vectors.Count);
        CheckRows("all_reduce.csv*", set => set.Collectives.Count + set.Warnings.Count(w => w.Contains("below 1 KB", StringComparison.Ordinal)) * 3);
        CheckRows("perf_model.csv*", set => set.Phases.Count);
    }

    /// <summary>Rows that a warning says are left out.</summary>
    private static int LeftOut(string warning) => LeftOutRows().Match(warning) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"left out .*\((\d+) rows\)")]
    private static partial Regex LeftOutRows();

    private static void CheckRows(string pattern, Func<MeasurementSet, int> count)
    {
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        foreach (string file in Directory.EnumerateFiles(Data!, pattern, options).Where(file => file.EndsWith(".csv.gz", StringComparison.Ordinal)))
        {
            using StreamReader text = InputFile.OpenText(file);
            int rows = text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1;
            Assert.True(rows == MeasurementImport.Read(file).Sum(count), file);
        }
    }
}
