using System.Globalization;
using Orrery.Live.Metrics;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Tests.Metrics;

public sealed class EnergyMeterTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rapl").FullName;

    [Fact]
    public void CountsFromItsOpeningAndAcrossTheEndOfTheRange()
    {
        Zone("intel-rapl:0", "package-0", 900, 1000);
        Zone("intel-rapl:0:0", "dram", 10, 500);
        Zone("intel-rapl:1", "package-1", 5, 1000);
        EnergyMeter meter = EnergyMeter.Open(_root)!;
        Assert.All(meter.Read(), domain => Assert.Equal(0, domain.Joules));
        Zone("intel-rapl:0", "package-0", 1000, 1000);
        Zone("intel-rapl:0:0", "dram", 30, 500);
        Assert.Equal([new("package-0", 1e-4), new("package-0/dram", 2e-5), new("package-1", 0)], meter.Read());
        // 1000 is the last value; 0 comes one microjoule later.
        Zone("intel-rapl:0", "package-0", 49, 1000);
        Assert.Equal(1.5e-4, meter.Read()[0].Joules, 12);
        ExpositionText text = new();
        meter.Write(text);
        Assert.Contains("orrery:energy_joules_total{domain=\"package-0/dram\"} 2E-05\n", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhereNothingCanBeReadThereIsNoMeter()
    {
        Assert.Null(EnergyMeter.Open(Path.Combine(_root, "missing")));
        Assert.Null(EnergyMeter.Open(_root));
        Zone("intel-rapl:0", "package-0", 900, 1000);
        File.Delete(Path.Combine(_root, "intel-rapl:0", "energy_uj"));
        Assert.Null(EnergyMeter.Open(_root));
        File.WriteAllText(Path.Combine(_root, "intel-rapl:0", "energy_uj"), "no number");
        Assert.Null(EnergyMeter.Open(_root));
    }

    [Fact]
    public void ACounterThatVanishesKeepsItsFigure()
    {
        Zone("intel-rapl:0", "package-0", 100, 1000);
        EnergyMeter meter = EnergyMeter.Open(_root)!;
        Zone("intel-rapl:0", "package-0", 200, 1000);
        Assert.Equal(1e-4, meter.Read()[0].Joules);
        Directory.Delete(Path.Combine(_root, "intel-rapl:0"), recursive: true);
        Assert.Equal(1e-4, meter.Read()[0].Joules);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Zone(string zone, string name, long microjoules, long range)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_root, zone)).FullName;
        File.WriteAllText(Path.Combine(folder, "name"), name + "\n");
        File.WriteAllText(Path.Combine(folder, "energy_uj"), microjoules.ToString(CultureInfo.InvariantCulture) + "\n");
        File.WriteAllText(Path.Combine(folder, "max_energy_range_uj"), range.ToString(CultureInfo.InvariantCulture) + "\n");
    }
}
