using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.World.Tests.Cost;

/// <summary>
/// The data-sheet roofline beside published measurements that nothing was fitted to. The band is loose on purpose: factor two. Measured
/// decode includes the engine's own overhead, which a modern engine hides and an early one did not.
/// </summary>
public sealed class MeasuredSpotChecks(ITestOutputHelper output)
{
    private const double Band = 2;

    /// <summary>Mean context of the chat task while decoding; prompt and answer lengths of the benchmark are not published, so assumed.</summary>
    private const int ChatContext = 700;

    /// <summary>Yi-34B, tensor 2 on two A100-80GB PCIe joined by an NVLink bridge: published calibration of the Sarathi-Serve artefact, ms.</summary>
    [Theory]
    [InlineData(512, 105.6)]
    [InlineData(1024, 214.3)]
    [InlineData(2048, 366.0)]
    [InlineData(4096, 757.6)]
    [InlineData(8192, 1863)]
    [InlineData(16384, 4408)]
    public void Prefill_of_yi_34b_is_within_the_band(int tokens, double measured) =>
        Check($"Yi-34B prefill {tokens}", Milliseconds(Yi(), Shape.OfPrompt(tokens)), measured, Band);

    /// <summary>
    /// Decode on the same machine: the artefact ran eagerly, its 46.8 ms at batch 1 are more than twice the time to read the weights, so here
    /// the model must stay below the measurement and above the bare weight read.
    /// </summary>
    [Theory]
    [InlineData(1, 46.8)]
    [InlineData(8, 69.7)]
    [InlineData(32, 87.9)]
    [InlineData(64, 127.8)]
    [InlineData(128, 189.3)]
    public void Decode_of_yi_34b_stays_between_weight_read_and_measurement(int batch, double measured)
    {
        const int context = 2048;
        double modelled = Milliseconds(Yi(), Shape.OfDecodes(batch, context));
        output.WriteLine($"Yi-34B decode {batch}: {modelled:0.0} ms, measured {measured} ms, ratio {modelled / measured:0.00}");
        Assert.InRange(modelled, 34.4e9 / 1.935e12 * 1e3, measured);
    }

    /// <summary>Median inter-token latency in ms, vLLM, chat: ML.ENERGY benchmark v3.</summary>
    [Theory]
    [InlineData("llama-3.1-8b", "h100-sxm", 1, 1, 8, 7.3)]
    [InlineData("llama-3.1-8b", "h100-sxm", 1, 1, 128, 16.5)]
    [InlineData("llama-3.1-8b", "b200-sxm", 1, 1, 8, 4.6)]
    [InlineData("qwen3-8b", "h100-sxm", 1, 1, 8, 8.2)]
    [InlineData("qwen3-8b", "h100-sxm", 1, 1, 128, 20.7)]
    [InlineData("qwen3-32b", "h100-sxm", 2, 1, 8, 15.1)]
    [InlineData("qwen3-32b", "h100-sxm", 2, 1, 96, 26.1)]
    [InlineData("llama-3.1-70b", "h100-sxm", 4, 1, 8, 16.6)]
    [InlineData("llama-3.1-70b", "h100-sxm", 4, 1, 192, 33.7)]
    [InlineData("llama-3.1-70b", "b200-sxm", 2, 1, 8, 16.4)]
    [InlineData("llama-3.1-70b", "b200-sxm", 2, 1, 255, 35.8)]
    [InlineData("qwen3-30b-a3b", "h100-sxm", 1, 1, 8, 12.9)]
    [InlineData("qwen3-30b-a3b", "h100-sxm", 1, 1, 32, 22.6)]
    [InlineData("qwen3-235b-a22b", "h100-sxm", 8, 8, 8, 20.2)]
    public void Decode_latency_is_within_the_band(string model, string device, int tensor, int expert, int batch, double measured)
    {
        Deployment deployment = SampleDeployments.Make(model, device, new(tensor, 1, expert));
        Check($"{model} {device} TP{tensor} batch {batch}", Milliseconds(deployment, Shape.OfDecodes(batch, ChatContext)), measured, Band);
    }

    private static Deployment Yi()
    {
        DeviceSpec device = Catalog.Device("a100-pcie-80gb");
        var bridged = new Interconnect(Catalog.Network("nvlink3"), Interconnect.UsualRemote, 2);
        return Deployment.Create(Catalog.Model("yi-34b"), device, new(2), interconnect: bridged);
    }

    private static double Milliseconds(Deployment deployment, Shape shape)
    {
        StepCost step = new RooflineCost(deployment).CreateStep();
        step.Prepare(shape.Build());
        return step.At(0).Milliseconds;
    }

    private void Check(string what, double modelled, double measured, double band)
    {
        output.WriteLine($"{what}: {modelled:0.00} ms, measured {measured} ms, ratio {modelled / measured:0.00}");
        Assert.InRange(modelled / measured, 1 / band, band);
    }
}
