using Orrery.Documents;
using Orrery.Live.Calibration;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.Live.Tests.Calibration;

/// <summary>A calibration of a formula: the cost model of every other device repeats it through the written profile.</summary>
public sealed class CalibratedEngineTests
{
    private static readonly MachineFacts Machine = new(2, 200e9, 40e9, 16L << 30);
    private static readonly StepLimits Limits = new(16, 1024, 512, 1 << 20);
    private static readonly PrecisionPlan Stored = new(Precision.Int8);

    [Fact]
    public void The_cost_model_repeats_the_formula_on_steps_that_were_not_measured()
    {
        StepCost cost = Calibrated().Cost.CreateStep();
        StepShape shape = new();
        foreach (StepPoint point in StepGrid.Of(Limits, seed: 99))
        {
            point.Fill(shape);
            cost.Prepare(shape);
            // Values are stored to 0.35 %, and what is straight in a count is interpolated in its logarithm.
            Assert.Equal(1, cost.At(0).Seconds / FormulaTimer.Law.Seconds(point, FormulaTimer.Model), 0.03);
        }
    }

    [Fact]
    public void Errors_are_stated_on_steps_that_were_left_out()
    {
        CalibratedEngine engine = Calibrated();
        StepErrors all = engine.Errors[0];
        Assert.Null(all.Kind);
        Assert.Equal([StepKind.Decode, StepKind.Prefill, StepKind.Mixed], engine.Errors.Skip(1).Select(errors => errors.Kind!.Value));
        Assert.Equal(StepGrid.Of(Limits, seed: 1).Count, all.Fit.Samples);
        Assert.InRange(all.LeftOut.Samples, 5, all.Fit.Samples / 2);
        Assert.InRange(all.Fit.Mape, 0, 0.01);
        Assert.InRange(all.LeftOut.Mape, 0, 0.015);
        Assert.Equal(all.LeftOut.Mape, engine.Profile.Errors[ProfileFamily.Matrices].LeftOut!.Mape, 1e-4);
    }

    [Fact]
    public void A_step_far_off_the_law_shows_in_the_error_of_what_was_left_out()
    {
        int turn = 0;
        StepSample[] samples = [.. StepLawTests.Samples(StepGrid.Of(Limits, seed: 1)).Select(sample => sample with { Seconds = sample.Seconds * (turn++ % 2 == 0 ? 0.7 : 1.3) })];
        CalibratedEngine engine = CalibratedEngine.Of(FormulaTimer.Model, Stored, Machine, samples);
        Assert.InRange(engine.Errors[0].LeftOut.Mape, 0.2, 0.6);
    }

    [Fact]
    public void The_profile_reads_back_byte_for_byte()
    {
        CalibratedEngine engine = Calibrated().WithCpu(30e-6, 4e-6);
        string text = YamlText.Write(engine.Profile.Write());
        DeviceProfile again = DeviceProfile.Read(Document.Parse(text, "profile.yaml"));
        Assert.Equal(text, YamlText.Write(again.Write()));
        Assert.Equal(30e-6, again.Engine.StepCpuSeconds!.Value, 1e-12);
        Assert.Equal(0, again.Engine.GraphMaxTokens);
        Assert.Equal(5, engine.Deployment.Engine.PaddedTokens(5));
    }

    [Fact]
    public void The_machine_reads_back_as_a_device()
    {
        DeviceSpec device = Machine.Device();
        Assert.Equal(MachineFacts.Name, device.Name);
        Assert.Equal(40e9, device.MemoryBandwidth.Value);
        Assert.Equal(200e9, device.PeakRate(Precision.Bf16)!.Value.Value);
        Assert.Equal(16L << 30, device.Memory.Count);
        Assert.Equal(2, device.Multiprocessors);
        Assert.Equal(YamlText.Write(Machine.Write()), YamlText.Write(Document.Parse(YamlText.Write(Machine.Write()), "device.yaml")));
    }

    [Fact]
    public void Sequences_in_a_step_add_their_time_on_the_CPU()
    {
        CalibratedEngine engine = Calibrated();
        StepShape shape = new();
        StepPoint.Decodes(4, 100).Fill(shape);
        StepCost without = engine.Cost.CreateStep();
        StepCost with = engine.WithCpu(1e-3, 1e-4).Cost.CreateStep();
        without.Prepare(shape);
        with.Prepare(shape);
        Assert.Equal(1.4e-3, (with.At(0) - without.At(0)).Seconds, 1e-8);
    }

    private static CalibratedEngine Calibrated() => CalibratedEngine.Of(FormulaTimer.Model, Stored, Machine, StepLawTests.Samples(StepGrid.Of(Limits, seed: 1)));
}
