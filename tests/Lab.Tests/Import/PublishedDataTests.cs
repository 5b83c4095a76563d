using System.Diagnostics;
using Orrery.Lab.Import;
using Orrery.World.Measurements;

namespace Orrery.Lab.Tests.Import;

/// <summary>The published tables themselves, where <c>ORRERY_DATA</c> names a folder of them.</summary>
public sealed class PublishedDataTests(ITestOutputHelper output)
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
}
