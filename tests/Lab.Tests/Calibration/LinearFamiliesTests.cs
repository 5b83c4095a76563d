using Orrery.Documents;
using Orrery.Lab.Calibration;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

/// <summary>Fits to invented devices whose ratios are known.</summary>
public sealed class LinearFamiliesTests
{
    private static readonly DeviceSpec Device = Catalog.Device("h100-sxm");
    private static readonly DeviceSpec Other = Catalog.Device("a100-sxm-80gb");

    [Fact]
    public void A_constant_ratio_is_found_and_predicts_what_was_left_out()
    {
        MatrixEfficiency family = MatrixFit.Fit(Device, Products(Device, 1.4), keepCurves: false)!;
        FitErrors errors = new();
        MatrixFit.Judge(family, Device, Products(Device, 1.4), errors);
        Assert.True(errors.Summary().P95 < 0.005, errors.Summary().ToString());
        Assert.True(MatrixFit.LeaveOut(Device, Products(Device, 1.4)).Summary().P95 < 0.005);
        Assert.Equal(1.4, family.Seconds(Device, Precision.Bf16, 100, 3000, 3000) / MatrixIdeal.Of(Device, Precision.Bf16, 3000, 3000).Seconds(100), 0.005);
    }

    [Fact]
    public void A_kept_shape_is_met_exactly_and_the_time_grows_with_rows()
    {
        List<MatrixSample> products = [.. Products(Device, 1.4)];
        MatrixSample odd = products[7] with { Seconds = products[7].Seconds * 1.7 };
        products[7] = odd;
        MatrixEfficiency family = MatrixFit.Fit(Device, products, keepCurves: true)!;
        Assert.Equal(odd.Seconds, family.Seconds(Device, odd.Format, odd.Rows, odd.Outputs, odd.Inputs), odd.Seconds * 1e-12);
        MatrixTimes times = MatrixFit.Fit(Device, Products(Device, 1.4), keepCurves: false)!.Of(Device, Precision.Bf16, 3000, 3000);
        double before = 0;
        for (int rows = 1; rows < 20000; rows = (rows * 3 / 2) + 1)
        {
            Assert.True(times.Seconds(rows) >= before * 0.999);
            before = times.Seconds(rows);
        }
    }

    [Fact]
    public void Repeated_products_count_with_their_median()
    {
        List<MatrixSample> products = [.. Products(Device, 1.4)];
        products.AddRange(Products(Device, 1.4));
        products.AddRange(Products(Device, 14));
        FitErrors errors = new();
        MatrixFit.Judge(MatrixFit.Fit(Device, products, keepCurves: false)!, Device, Products(Device, 1.4), errors);
        Assert.True(errors.Summary().P95 < 0.005);
    }

    [Fact]
    public void What_one_device_teaches_another_is_predicted_by()
    {
        CalibrationSource donor = new(Other, new("a100", "", "", "") { Matrices = [.. Products(Other, 1.3)], Vectors = [.. Kernels(Other, 2)], Collectives = [.. Reductions(Other, 1.5)] });
        CalibrationSource judged = new(Device, new("h100", "", "", "") { Matrices = [.. Products(Device, 1.3)], Vectors = [.. Kernels(Device, 2)], Collectives = [.. Reductions(Device, 1.5)] });
        CalibrationSource[] sources = [donor, judged];
        Assert.All(MatrixFit.LeaveDeviceOut(sources), pair => Assert.True(pair.Errors.Summary().P95 < 0.01));
        Assert.All(VectorFit.LeaveDeviceOut(sources), pair => Assert.True(pair.Errors.Summary().P95 < 0.01));
        Assert.All(CollectiveFit.LeaveDeviceOut(sources), pair => Assert.True(pair.Errors.Summary().P95 < 0.01));
        // A variant of the same chip teaches nothing about transfer.
        Assert.True(donor.SameChip(Catalog.Device("a100-sxm-40gb")));
        Assert.False(donor.SameChip(Device));
    }

    [Fact]
    public void A_table_of_launches_teaches_no_other_device()
    {
        MatrixSample[] slow = [.. Products(Other, 1).Select(sample => sample with { Seconds = Math.Max(sample.Seconds, 25e-6) })];
        Assert.True(MatrixFit.IsLaunchBound(Other, slow));
        Assert.False(MatrixFit.IsLaunchBound(Other, Products(Other, 1.3)));
        Assert.Null(MatrixFit.Transfer([new(Other, new("a100", "", "", "") { Matrices = slow })]));
    }

    [Fact]
    public void A_model_is_predicted_by_the_others_of_its_device()
    {
        MeasurementSet first = new("h100", "", "", "") { Model = "one", Matrices = [.. Products(Device, 1.4)] };
        MeasurementSet second = first with { Model = "two", Matrices = [.. Products(Device, 1.4).Select(product => product with { Inputs = product.Inputs + 64 })] };
        IReadOnlyList<(CalibrationSource Source, FitErrors Errors)> judged = MatrixFit.LeaveModelOut([new(Device, first), new(Device, second)]);
        Assert.Equal(["one", "two"], judged.Select(pair => pair.Source.Set.Model));
        Assert.All(judged, pair => Assert.InRange(pair.Errors.Summary().Mape, 0, 0.03));
    }

    [Fact]
    public void Launches_of_kernels_are_recognised_and_pooling_keeps_publishers_apart()
    {
        Assert.True(VectorFit.IsLaunchBound(Device, Kernels(Device, 1).Select(kernel => kernel with { Seconds = Math.Max(kernel.Seconds, 16e-6) })));
        Assert.False(VectorFit.IsLaunchBound(Device, Kernels(Device, 2.5)));
        MeasurementSet set = new("h100", "", "publisher", "") { Vectors = [.. Kernels(Device, 2)] };
        IReadOnlyList<CalibrationSource> pooled = CalibrationSource.Pool([new(Device, set), new(Device, set), new(Device, set with { Source = "another" })]);
        Assert.Equal([2 * set.Vectors.Count, set.Vectors.Count], pooled.Select(source => source.Set.Vectors.Count));
    }

    [Fact]
    public void Kernels_and_reductions_are_found()
    {
        VectorEfficiency vector = VectorFit.Fit(Device, [.. Kernels(Device, 2), .. Kernels(Device, 5).Select(k => k with { Name = "norm" })])!;
        FitErrors errors = new();
        VectorFit.Judge(vector, Device, Kernels(Device, 2), errors);
        Assert.True(errors.Summary().P95 < 0.005);
        CollectiveEfficiency collective = CollectiveFit.Fit(Interconnect.Usual(Device), Reductions(Device, 1.5))!;
        Assert.Equal(
            1.5 * CollectiveEfficiency.IdealSeconds(CollectiveKind.AllReduce, 450e9, 4, 1e6),
            collective.Seconds(CollectiveKind.AllReduce, Interconnect.Usual(Device), 4, 1e6), 1e-7);
        Assert.True(collective.Seconds(CollectiveKind.AllReduce, Interconnect.Usual(Device), 2, 8) >= CollectiveEfficiency.FloorSeconds);
    }

    [Fact]
    public void Engines_run_their_own_kernels_from_graphs()
    {
        CollectiveSample library = new(CollectiveKind.AllReduce, "", 2, 2, 1024, "nccl", 1e-5);
        CollectiveSample[] all = [library, library with { Library = "vllm-custom-graph" }, library with { Library = "vllm-custom-eager" }, library with { Kind = CollectiveKind.AllGather }];
        Assert.Equal(["vllm-custom-graph", "nccl"], CollectiveFit.AsEnginesRun(all).Select(sample => sample.Library));
    }

    [Fact]
    public void The_same_tables_give_the_same_document()
    {
        string Text() => YamlText.Write(MatrixFit.Fit(Device, Products(Device, 1.4), keepCurves: false)!.Write());
        Assert.Equal(Text(), Text());
        Assert.InRange(Text().Length, 2000, 5000);
    }

    private static IEnumerable<MatrixSample> Products(DeviceSpec device, double ratio)
    {
        foreach (long outputs in new[] { 512L, 4096, 28672 })
            foreach (long inputs in new[] { 512L, 4096, 14336 })
                for (long rows = 1; rows <= 16384; rows *= 2)
                    yield return new(Precision.Bf16, rows, outputs, inputs, ratio * MatrixIdeal.Of(device, Precision.Bf16, outputs, inputs).Seconds(rows));
    }

    private static IEnumerable<VectorSample> Kernels(DeviceSpec device, double ratio)
    {
        foreach (double row in new[] { 8192.0, 65536 })
            for (long rows = 1; rows <= 16384; rows *= 2)
                yield return new("activation", rows, row, ratio * ((rows * row / device.MemoryBandwidth.Value) + VectorEfficiency.FloorSeconds));
    }

    private static IEnumerable<CollectiveSample> Reductions(DeviceSpec device, double ratio)
    {
        foreach (int devices in new[] { 2, 4, 8 })
            for (long bytes = 256; bytes <= 1L << 30; bytes *= 4)
            {
                double ideal = CollectiveEfficiency.IdealSeconds(CollectiveKind.AllReduce, device.LinkBandwidth.Value, devices, bytes);
                yield return new(CollectiveKind.AllReduce, "", devices, devices, bytes, "nccl", ratio * ideal);
            }
    }
}
