using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Power;

namespace Orrery.World.Tests.Power;

public sealed class PowerTests(ITestOutputHelper output)
{
    public static TheoryData<string> AllDevices => [.. Catalog.Devices.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(AllDevices))]
    public void Full_load_draws_the_limit_and_no_load_the_idle_power(string name)
    {
        DeviceSpec device = Catalog.Device(name);
        PowerModel power = PowerModel.Of(device, Precision.Bf16);
        Assert.Equal(device.ThermalDesignPower.Value, power.Busy(device.PeakRate(Precision.Bf16)!.Value.Value, device.MemoryBandwidth.Value).Value, 6);
        Assert.Equal(device.IdlePower, power.Idle);
        Assert.True(device.IdlePower < device.ThermalDesignPower);
    }

    [Fact]
    public void Energy_of_a_run_is_the_sum_of_its_parts_however_it_is_cut()
    {
        PowerModel power = PowerModel.Of(Catalog.Device("h100-sxm"), Precision.Bf16);
        DeviceEnergy whole = power.Energy(8, Duration.FromSeconds(100), Duration.FromSeconds(120), 4, 5_000_000_000_000_000, 900_000_000_000);
        DeviceEnergy first = power.Energy(8, Duration.FromSeconds(30), Duration.FromSeconds(50), 4, 1_000_000_000_000_000, 300_000_000_000);
        DeviceEnergy second = power.Energy(8, Duration.FromSeconds(70), Duration.FromSeconds(70), 4, 4_000_000_000_000_000, 600_000_000_000);
        Assert.Equal(whole.Total.Value, (first + second).Total.Value, 6);
        Assert.Equal(8 * 95 * 100, whole.Idle.Value, 6);
    }

    [Fact]
    public void Footprint_follows_its_formulas()
    {
        DeviceSpec device = Catalog.Device("h100-sxm");
        var options = new FootprintOptions { PowerUsageEffectiveness = 1.2, GramsPerKilowattHour = 168, HostShare = 0.3, LitresPerKilowattHour = 0.3 };
        RunFootprint run = RunFootprint.Of(device, 4, Duration.FromHours(2), new Joules(7 * Joules.PerKilowattHour), options);
        Assert.Equal(10, run.ItEnergy.KilowattHours, 9);
        Assert.Equal(12, run.FacilityEnergy.KilowattHours, 9);
        Assert.Equal(12 * 168, run.OperationalCarbon.Value, 6);
        Assert.Equal((164_000 + 312_500) * 8 / (4 * 8766.0), run.EmbodiedCarbon.Value, 6);
        Assert.Equal(3, run.Water.Value, 9);
        Assert.Equal(8 * 6.9, run.Money.Dollars, 9);
        Assert.Equal(2 * run.Carbon.Value, (run + run).Carbon.Value, 6);
        Assert.Equal(run, run + RunFootprint.Zero);
    }

    /// <summary>Watts per device while decoding, vLLM, chat: ML.ENERGY benchmark v3. The linear model is compared, not fitted, per row.</summary>
    [Theory]
    [InlineData("h100-sxm", 16.06e9, 7.3, 486)]
    [InlineData("h100-sxm", 32.8e9, 15.1, 425)]
    [InlineData("h100-sxm", 35.3e9, 16.6, 441)]
    [InlineData("b200-sxm", 16.06e9, 4.6, 639)]
    [InlineData("b200-sxm", 70.6e9, 16.4, 849)]
    public void Decode_at_batch_eight_draws_about_what_was_measured(string name, double bytes, double milliseconds, double measuredWatts)
    {
        PowerModel power = PowerModel.Of(Catalog.Device(name), Precision.Bf16);
        double seconds = milliseconds * 1e-3;
        double modelled = power.Busy(8 * bytes / seconds, bytes / seconds).Value;
        output.WriteLine($"{name}: {modelled:0} W, measured {measuredWatts} W, ratio {modelled / measuredWatts:0.00}");
        Assert.InRange(modelled / measuredWatts, 0.7, 1.3);
    }

    [Theory]
    [InlineData("us-caiso", 168)]
    [InlineData("CISO", 168)]
    [InlineData("world", 475)]
    [InlineData("france", 55)]
    [InlineData("iowa", 430)]
    public void Grids_carry_their_means(string name, double grams) => Assert.Equal(grams, Catalog.Grid(name).GramsPerKilowattHour);
}
