using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.World.Tests.Cost;

/// <summary>Deployments that together use every branch of the cost model.</summary>
internal static class SampleDeployments
{
    public static readonly IReadOnlyList<string> Names =
        ["dense", "parallel-block", "all-windowed", "mixed-windows", "experts", "experts-fp8-data", "latent", "alternating-experts", "pipeline", "int4"];

    public static TheoryData<string> Theory => [.. Names];

    public static Deployment Of(string name) => name switch
    {
        "dense" => Make("llama-3.1-70b", "h100-sxm", new(4)),
        "parallel-block" => Make("falcon-180b", "a100-sxm-80gb", new(4, 2)),
        "all-windowed" => Make("mistral-7b-v0.1", "a100-sxm-80gb", new()),
        "mixed-windows" => Make("gemma-3-27b", "h100-sxm", new(2, 2)),
        "experts" => Make("qwen3-30b-a3b", "h100-sxm", new()),
        "experts-fp8-data" => Make("qwen3-235b-a22b", "h100-sxm", new(2, 1, 8, 4), new(Precision.Fp8, Precision.Fp8, Precision.Fp8)),
        "latent" => Make("deepseek-v3", "b200-sxm", new(8, 1, 8), new(Precision.Fp8, Precision.Bf16, Precision.Fp8)),
        "alternating-experts" => Make("llama-4-maverick", "h200-sxm", new(8)),
        "pipeline" => Make("llama-2-70b", "a40", new(4, 3)),
        "int4" => Make("llama-3.1-8b", "l4", new(), new(Precision.Int4, Precision.Int8)),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    public static Deployment Make(string model, string device, ParallelPlan plan, PrecisionPlan? precision = null) =>
        Deployment.Create(Catalog.Model(model), Catalog.Device(device), plan, precision);
}
