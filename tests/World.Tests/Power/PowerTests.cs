using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Power;

namespace Orrery.World.Tests.Power;

public sealed class PowerTests
{
    public static TheoryData<string> AllDevices => [.. Catalog.Devices.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(AllDevices))]
    public void Full_load_draws_the_limit_and_no_load_the_idle_power(string name)
    {
        DeviceSpec device = Catalog.Device(name);
        Assert.True(device.IdlePower < device.ThermalDesignPower);
        if (device.PeakRate(Precision.Bf16) is not { } peak) return;
        PowerModel power = PowerModel.Of(device, Catalog.Power(device).Shares, Precision.Bf16);
        Assert.Equal(device.ThermalDesignPower, power.At(1, peak.Value, device.MemoryBandwidth.Value, 0));
        Assert.Equal(device.IdlePower, power.At(0, 0, 0, 0));
        Assert.Equal(device.IdlePower, power.Mean(default, 4));
    }

    [Theory]
    [InlineData("h100-sxm")]
    [InlineData("b200-sxm")]
    [InlineData("a100-sxm-80gb")]
    public void Power_rises_with_every_utilisation_and_falls_with_waiting_for_the_network(string name)
    {
        DeviceSpec device = Catalog.Device(name);
        double peak = device.PeakRate(Precision.Bf16)!.Value.Value;
        PowerModel power = PowerModel.Of(device, Catalog.Power(device).Shares, Precision.Bf16);
        double before = 0;
        for (double u = 0; u <= 1; u += 0.05)
        {
            double watts = power.At(u, u * peak, 0.5 * device.MemoryBandwidth.Value, 0).Value;
            Assert.InRange(watts, before, device.ThermalDesignPower.Value);
            Assert.True(power.At(u, 0.1 * peak, u * device.MemoryBandwidth.Value, 0.2).Value <= power.At(u, 0.1 * peak, u * device.MemoryBandwidth.Value, 0.1).Value);
            Assert.True(power.At(u, 0, 0, 1) >= device.IdlePower);
            before = watts;
        }
    }

    [Fact]
    public void A_device_is_busy_from_its_knee_on()
    {
        PowerShares shares = new(Running: 0.5, Memory: 0.2, Compute: 1.5, Network: 1, Knee: 0.4);
        Assert.Equal(0.5 * 0.25, shares.At(0.1, 0, 0, 0), 12);
        Assert.Equal(0.5, shares.At(0.4, 0, 0, 0), 12);
        Assert.Equal(0.5 + 0.1 + 0.15 - 0.05, shares.At(1, 0.5, 0.1, 0.05), 12);
        Assert.Equal(1, shares.At(1, 1, 1, 0));
    }

    [Fact]
    public void Energy_below_the_limit_is_the_sum_of_its_parts_however_it_is_cut()
    {
        Deployment deployment = Deployment.Create(Catalog.Model("llama-3.1-70b"), Catalog.Device("h100-sxm"), new ParallelPlan(4));
        PowerModel power = PowerModel.Of(deployment, Catalog.Power(deployment.Device).Shares);
        PhaseWork whole = new(Duration.FromSeconds(60), 4_000_000_000_000_000, 300_000_000_000_000, 2000, 50_000);
        PhaseWork half = new(Duration.FromSeconds(30), 1_000_000_000_000_000, 200_000_000_000_000, 800, 30_000);
        PhaseWork rest = new(Duration.FromSeconds(30), 3_000_000_000_000_000, 100_000_000_000_000, 1200, 20_000);
        PhaseWork prefill = new(Duration.FromSeconds(10), 20_000_000_000_000_000, 8_000_000_000_000, 20, 160_000);
        DeviceEnergy once = power.Energy(4, Duration.FromSeconds(100), prefill, whole);
        DeviceEnergy cut = power.Energy(4, Duration.FromSeconds(40), prefill, half) + power.Energy(4, Duration.FromSeconds(60), default, rest);
        Assert.Equal(once.Total.Value, cut.Total.Value, 6);
        Assert.Equal(4 * 95 * 30, once.Idle.Value, 6);
        (Joules prompts, Joules outputs) = once.ByToken(120_000, 160_000);
        Assert.Equal(0.75 * once.Prefill.Value, prompts.Value, 6);
        Assert.Equal(once.Total.Value - once.Idle.Value, (prompts + outputs).Value, 6);
    }

    [Fact]
    public void A_phase_never_draws_more_than_the_limit_or_the_cap()
    {
        DeviceSpec device = Catalog.Device("h100-sxm");
        PhaseWork hard = new(Duration.FromSeconds(1), 700_000_000_000_000, 1_000_000_000_000, 10, 80_000);
        PowerShares shares = Catalog.Power(device).Shares;
        Assert.Equal(700, PowerModel.Of(device, shares, Precision.Bf16).Mean(hard, 1).Value, 9);
        Assert.Equal(400, PowerModel.Of(device.Capped(new(400)), shares, Precision.Bf16).Mean(hard, 1).Value, 9);
        // What draws less than the cap is not changed by it.
        PhaseWork light = new(Duration.FromSeconds(1), 0, 1_000_000_000_000, 100, 800);
        Assert.Equal(
            PowerModel.Of(device, shares, Precision.Bf16).Mean(light, 1).Value, PowerModel.Of(device.Capped(new(600)), shares, Precision.Bf16).Mean(light, 1).Value, 9);
    }

    [Fact]
    public void A_cap_slows_what_computes_and_nothing_else()
    {
        DeviceSpec device = Catalog.Device("h100-sxm");
        DeviceSpec capped = device.Capped(new(400));
        Assert.Equal(0.5, device.Capped(device.IdlePower + ((device.ThermalDesignPower - device.IdlePower) * FrequencyCurve.DynamicPower(0.5))).ClockShare, 9);
        Assert.Equal(device.PeakRates[Precision.Bf16].Value * capped.ClockShare, capped.PeakRates[Precision.Bf16].Value);
        Assert.Equal(device.MemoryBandwidth, capped.MemoryBandwidth);
        Assert.Equal(1, device.Capped(device.ThermalDesignPower).ClockShare);
        Assert.Equal(new Watts(400), capped.PowerLimit);
        Assert.Contains("at most", Assert.Throws<InputException>(() => device.Capped(new(800))).Message, StringComparison.Ordinal);
        Assert.Contains("when idle", Assert.Throws<InputException>(() => device.Capped(new(90))).Message, StringComparison.Ordinal);
    }

    /// <summary>BERT fine-tuning on one V100 under power limits (Zeus, NSDI 2023): time and energy ratios at the mean draw.</summary>
    [Theory]
    [InlineData(228, 1.00, 1.000)]
    [InlineData(212, 1.024, 0.954)]
    [InlineData(192, 1.067, 0.899)]
    [InlineData(171, 1.125, 0.843)]
    [InlineData(147, 1.244, 0.801)]
    [InlineData(123, 1.50, 0.808)]
    [InlineData(100, 2.00, 0.874)]
    public void The_measured_power_limits_of_a_V100_are_met(double meanWatts, double time, double energy)
    {
        const double idle = 38;
        const double full = 228;
        const double computeShare = 0.95;
        double clock = FrequencyCurve.ClockWithin((meanWatts - idle) / (full - idle));
        double slower = FrequencyCurve.TimeRatio(clock, computeShare);
        Assert.Equal(meanWatts, idle + ((full - idle) * FrequencyCurve.DynamicPower(clock)), 6);
        Assert.InRange(slower / time, 0.985, 1.016);
        Assert.InRange(slower * meanWatts / full / energy, 0.98, 1.02);
    }

    [Fact]
    public void Voltage_is_flat_to_a_knee_and_the_energy_optimum_lies_near_it()
    {
        double knee = 1 - ((1 - FrequencyCurve.LowestVoltage) / FrequencyCurve.VoltageSlope);
        Assert.Equal(FrequencyCurve.LowestVoltage, FrequencyCurve.Voltage(0.5 * knee));
        Assert.Equal(1, FrequencyCurve.Voltage(1));
        double best = Enumerable.Range(30, 71).Select(percent => percent / 100.0).MinBy(clock => (38 + (190 * FrequencyCurve.DynamicPower(clock))) / clock);
        Assert.InRange(best, knee - 0.15, knee + 0.02);
        for (double share = 0.05; share < 1; share += 0.05) Assert.Equal(share, FrequencyCurve.DynamicPower(FrequencyCurve.ClockWithin(share)), 9);
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

    /// <summary>Watts per device while decoding at batch 8, vLLM, chat: ML.ENERGY benchmark v3.</summary>
    [Theory]
    [InlineData("h100-sxm", 16.06e9, 7.3, 486)]
    [InlineData("h100-sxm", 32.8e9, 15.1, 425)]
    [InlineData("h100-sxm", 35.3e9, 16.6, 441)]
    [InlineData("b200-sxm", 16.06e9, 4.6, 639)]
    [InlineData("b200-sxm", 70.6e9, 16.4, 849)]
    public void Decode_at_batch_eight_draws_about_what_was_measured(string name, double bytes, double milliseconds, double measuredWatts)
    {
        DeviceSpec device = Catalog.Device(name);
        PowerModel power = PowerModel.Of(device, Catalog.Power(device).Shares, Precision.Bf16);
        double seconds = milliseconds * 1e-3;
        Assert.InRange(power.At(1, 8 * bytes / seconds, bytes / seconds, 0).Value / measuredWatts, 0.8, 1.3);
    }

    [Fact]
    public void A_device_without_measurements_draws_what_was_learnt_on_the_others()
    {
        Assert.Equal("h100-sxm", Catalog.Power(Catalog.Device("h100-sxm")).Device);
        Assert.Equal(PowerProfile.TransferName, Catalog.Power(Catalog.Device("a100-sxm-80gb")).Device);
        foreach (PowerProfile profile in Catalog.PowerProfiles)
        {
            Assert.True(profile.LeftOutError >= profile.FitError, profile.Device);
            Assert.Equal(profile.Rows, profile.Models.Sum(m => m.Rows));
        }
    }

    [Theory]
    [InlineData("us-caiso", 168)]
    [InlineData("CISO", 168)]
    [InlineData("world", 475)]
    [InlineData("france", 55)]
    [InlineData("iowa", 430)]
    public void Grids_carry_their_means(string name, double grams) => Assert.Equal(grams, Catalog.Grid(name).GramsPerKilowattHour);
}
