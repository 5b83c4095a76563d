using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Tests.Catalogue;

public sealed class CatalogTests
{
    [Fact]
    public void Every_row_of_the_reference_tables_is_there()
    {
        string[] devices =
        [
            "v100-sxm-16gb", "v100-sxm-32gb", "v100-pcie-16gb", "v100-pcie-32gb", "t4", "a10g", "a40", "a100-pcie-40gb", "a100-sxm-40gb",
            "a100-pcie-80gb", "a100-sxm-80gb", "l4", "l40s", "h100-pcie", "h100-sxm", "h200-sxm", "gh200-96gb", "gh200-144gb", "b200-sxm",
            "a10", "rtx-4090", "rtx-4070", "rtx-3090", "mi250x", "jetson-nano", "tpu-v4",
            "a800-sxm", "a6000", "rtx-6000-ada", "h100-nvl", "h800-sxm", "h20", "gb200", "b300-sxm", "gb300", "rtx-pro-6000", "tpu-v6e",
        ];
        Assert.Equal(devices.Order(), Catalog.Devices.Select(d => d.Name).Order());
        Assert.Equal(100, Catalog.Models.Count);
    }

    [Fact]
    public void Every_entry_names_its_source()
    {
        Assert.All(Catalog.Devices, d => Assert.False(string.IsNullOrWhiteSpace(d.Source)));
        Assert.All(Catalog.Devices, d => Assert.All(d.Prices, p => Assert.False(string.IsNullOrWhiteSpace(p.Source))));
        Assert.All(Catalog.Devices, d => Assert.False(string.IsNullOrWhiteSpace(d.PowerSource)));
        Assert.All(Catalog.Devices, d => Assert.False(string.IsNullOrWhiteSpace(d.EmbodiedSource)));
        Assert.All(Catalog.Models, m => Assert.False(string.IsNullOrWhiteSpace(m.Source)));
        Assert.All(Catalog.Networks, n => Assert.False(string.IsNullOrWhiteSpace(n.Source)));
        Assert.All(Catalog.Grids, g => Assert.False(string.IsNullOrWhiteSpace(g.Source)));
    }

    [Theory]
    [InlineData("meta-llama/Llama-3.1-70B-Instruct", "llama-3.1-70b")]
    [InlineData("META-LLAMA/llama-3.1-70b-instruct", "llama-3.1-70b")]
    [InlineData("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b")]
    [InlineData("LLAMA-2-7B", "llama-2-7b")]
    public void A_model_is_found_by_any_of_its_names(string asked, string name) => Assert.Equal(name, Catalog.Model(asked).Name);

    [Theory]
    [InlineData("llama-3-8b", 8192)]
    [InlineData("llama-3.1-8b", 131072)]
    [InlineData("llama-2-13b", 4096)]
    [InlineData("llama-13b", 2048)]
    public void Relatives_differ_in_their_context(string name, int positions) => Assert.Equal(positions, Catalog.Model(name).MaxPositions);

    [Fact]
    public void An_unknown_name_gets_the_nearest()
    {
        Assert.Contains("'h100-sxm'", Assert.Throws<InputException>(() => Catalog.Device("h100-smx")).Message, StringComparison.Ordinal);
        Assert.Contains("'llama-3-70b'", Assert.Throws<InputException>(() => Catalog.Model("lama-3-70b")).Message, StringComparison.Ordinal);
        Assert.Contains("llama-3.1-70b", Assert.Throws<InputException>(() => Catalog.Model("meta-llama/Llama-3.1-70B-Instuct")).Message, StringComparison.Ordinal);
        Assert.Contains("'us-caiso'", Assert.Throws<InputException>(() => Catalog.Grid("us-caizo")).Message, StringComparison.Ordinal);
        Assert.Contains("'pcie4'", Assert.Throws<InputException>(() => Catalog.Network("pcie44")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_shipped_profile_repeats_the_defaults_of_the_code() =>
        Assert.Equal(CostProfile.Analytic, Catalog.Profile("analytic"));

    [Fact]
    public void Peaks_are_dense_and_bandwidths_decimal()
    {
        DeviceSpec h100 = Catalog.Device("h100-sxm");
        Assert.Equal(989e12, h100.PeakRate(Precision.Bf16)!.Value.Value);
        Assert.Equal(1979e12, h100.PeakRate(Precision.Fp8)!.Value.Value);
        Assert.Equal(3350e9, h100.MemoryBandwidth.Value);
        Assert.Equal(450e9, h100.LinkBandwidth.Value);
        Assert.Null(Catalog.Device("a100-sxm-80gb").PeakRate(Precision.Fp8));
        Assert.Equal(125e12, Catalog.Device("v100-sxm-32gb").PeakRate(Precision.Fp16)!.Value.Value);
    }

    [Fact]
    public void The_latest_price_counts() => Assert.Equal(6.9, Catalog.Device("h100-sxm").HourlyPrice.Dollars);

    [Fact]
    public void A_device_can_be_described_in_place()
    {
        DeviceSpec device = DeviceSpec.Read(Document.Parse(
            "{name: mine, peak: {bf16: 100TFLOP/s}, memory: 16GiB, bandwidth: 1TB/s, power: {tdp: 200W}}", "scenario.yaml"));
        Assert.Equal(16L << 30, device.UsableMemory.Count);
        Assert.Equal(25, device.IdlePower.Value);
        Assert.Contains("scenario.yaml:1", device.Source, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{name: m, peak: {bf16: 100TFLOP/s}, bandwidth: 1TB/s, power: {tdp: 200W}}", "memory")]
    [InlineData("{name: m, peak: {bf61: 100TFLOP/s}, memory: 16GiB, bandwidth: 1TB/s, power: {tdp: 200W}}", "bf16")]
    [InlineData("{name: m, peak: {}, memory: 16GiB, bandwidth: 1TB/s, power: {tdp: 200W}}", "peak rate")]
    [InlineData("{name: m, peak: {bf16: 100}, memory: 16GiB, bandwidth: 1TB/s, power: {tdp: 200W}}", "989TFLOP/s")]
    [InlineData("{name: m, peak: {bf16: 1TFLOP/s}, memory: 16GiB, usableMemory: 17GiB, bandwidth: 1TB/s, power: {tdp: 200W}}", "usable")]
    [InlineData("{name: m, peak: {bf16: 1TFLOP/s}, memory: 16GiB, bandwith: 1TB/s, power: {tdp: 200W}}", "bandwidth")]
    public void A_bad_description_gets_a_sentence(string yaml, string mentions)
    {
        InputException error = Assert.Throws<InputException>(() => DeviceSpec.Read(Document.Parse(yaml, "scenario.yaml")));
        Assert.StartsWith("scenario.yaml:1:", error.Message, StringComparison.Ordinal);
        Assert.Contains(mentions, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_lower_case_with_hyphens() => Assert.All(
        Catalog.Models.Select(m => m.Name).Concat(Catalog.Devices.Select(d => d.Name)).Concat(Catalog.Grids.Select(g => g.Name)),
        name => Assert.Matches("^[a-z0-9.]+(-[a-z0-9.]+)*$", name));

    [Fact]
    public void Every_model_can_be_priced_on_some_deployment() => Assert.All(
        Catalog.Models,
        (ModelSpec model) => Assert.Equal(1, new RooflineCost(World.Deployments.Deployment.Create(model, Catalog.Device("h100-sxm"))).PipelineStages));
}
