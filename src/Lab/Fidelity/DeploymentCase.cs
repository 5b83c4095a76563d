using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>A measured deployment in our terms: model, device, degrees, formats, clients.</summary>
/// <param name="Measured">What the file says.</param>
/// <param name="Model">From the catalogue.</param>
/// <param name="Device">From the catalogue.</param>
/// <param name="Formats">Formats; the cache in 8 bit where the products are (engines' benchmark recipes, c).</param>
/// <param name="Engine">How the backend batches.</param>
/// <param name="Clients">Requests in flight.</param>
public sealed record DeploymentCase(
    DeploymentMeasurement Measured, ModelSpec Model, DeviceSpec Device, PrecisionPlan Formats, DeploymentEngine Engine, int Clients)
{
    /// <summary>Endings that publishers add to a model's name for its stored format; the row states the format.</summary>
    private static readonly string[] FormatEndings = ["-fp8", "-nvfp4", "-fp4", "-int4", "-mxfp4", "-bf16", "-awq", "-w4a16"];

    /// <summary>NVLink domain of the rack-scale systems (data sheets of GB200 and GB300 NVL72, c).</summary>
    private const int RackDevices = 72;

    /// <summary>Devices of all pools.</summary>
    public int Devices => Measured.Engine is { } engine
        ? Degrees(engine).Devices
        : (Measured.Prefill!.Workers * Degrees(Measured.Prefill).Devices) + (Measured.Decode!.Workers * Degrees(Measured.Decode).Devices);

    /// <summary>Resolves a row.</summary>
    /// <exception cref="InputException">A model, device, format or engine is not known, the row does not state its load, or the model cannot be cut or does not fit so; the sentence is the same for all rows that share the reason.</exception>
    public static DeploymentCase Resolve(DeploymentMeasurement row)
    {
        ArgumentNullException.ThrowIfNull(row);
        DeploymentEngine engine = DeploymentEngine.Find(row.Backend);
        ModelSpec model = ModelOf(row.Model);
        DeviceSpec device = DeviceOf(row.System);
        if (row.MayDraft) throw new InputException("by its name the run may have drafted tokens, how many the file does not state");
        int clients = row.Clients ?? throw new InputException("the row does not state its batch, and latency without load cannot be predicted");
        DeploymentCase found = new(row, model, device, FormatOf(row, device, model.Experts is not null), engine, clients);
        foreach (DeploymentPool pool in new[] { row.Engine, row.Prefill, row.Decode }.OfType<DeploymentPool>()) RequireCut(pool, model);
        return found;
    }

    /// <summary>
    /// Degrees of one engine. Attention on data ranks has no tensor degree beside it, and its experts lie on all of them. Where a source counts
    /// a group twice, as tensor × expert ranks (tensor 64 for eight devices that are both), the group itself is meant: such rows repeat rows that
    /// state it plainly, with the same latencies.
    /// </summary>
    public static ParallelPlan Degrees(DeploymentPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        int stated = pool.Tensor * pool.AttentionData;
        bool squaredExperts = pool.ExpertTensor == pool.ExpertRanks && pool.ExpertRanks > 1 && pool.ExpertTensor * pool.ExpertRanks == stated;
        bool squaredAttention = pool.Tensor == pool.AttentionData && pool.AttentionData > 1;
        int devices = squaredExperts ? pool.ExpertRanks : squaredAttention ? pool.AttentionData : stated;
        int data = pool.AttentionData > 1 ? devices : 1;
        int tensor = devices / data;
        int expert = data > 1 || squaredExperts ? (pool.ExpertTensor * pool.ExpertRanks > 1 ? devices : 1) : pool.ExpertRanks;
        return new(tensor, pool.Pipeline, expert, data);
    }

    /// <summary>Latencies that a device profile and the engine's batching imply.</summary>
    /// <exception cref="InputException">The model does not fit the memory.</exception>
    public ConcurrencyResult Predict(CostProfile profile, DeploymentEngine engine)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(engine);
        FixedConcurrency load = new(Clients, Measured.InputTokens, Measured.OutputTokens);
        if (Measured.Engine is { } shared)
        {
            Deployment deployment = Deploy(shared, engine.Over(profile), engine);
            return load.Run(new RooflineCost(deployment), engine.Prompts(Model), deployment.Parallel.Data, KvTokens(deployment, engine), engine);
        }
        Deployment prefill = Deploy(Measured.Prefill!, engine.Over(profile), engine);
        Deployment decode = Deploy(Measured.Decode!, engine.Over(profile), engine);
        // Each device sends its share of a prompt's cache over its own adapter; data ranks send one prompt each.
        double sendSeconds = prefill.Shards.KvBytesPerToken(0).Count / (prefill.Interconnect.Remote.Bandwidth.Value * profile.LinkFraction);
        PrefillPool from = new(new RooflineCost(prefill), engine.Prompts(Model), prefill.Parallel.Data, Measured.Prefill!.Workers, sendSeconds);
        DecodePool to = new(new RooflineCost(decode), decode.Parallel.Data, Measured.Decode!.Workers, KvTokens(decode, engine));
        return load.Run(from, to, engine);
    }

    /// <summary>Model of a Hugging Face id, whoever publishes it and in whatever format.</summary>
    internal static ModelSpec ModelOf(string id)
    {
        if (Catalog.TryModel(id) is { } exact) return exact;
        string name = Bare(id);
        return Catalog.Models.FirstOrDefault(model => Bare(model.Name) == name || model.Aliases.Any(alias => Bare(alias) == name))
            ?? throw new InputException($"the model '{id}' is not in the catalogue");
    }

    /// <summary>Device of a system name such as <c>h200_sxm</c>.</summary>
    internal static DeviceSpec DeviceOf(string system)
    {
        string name = system.Replace('_', '-').ToLowerInvariant();
        return Catalog.Devices.FirstOrDefault(device =>
                device.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || device.Aliases.Contains(name, StringComparer.OrdinalIgnoreCase))
            ?? throw new InputException($"the device '{system}' is not in the catalogue");
    }

    /// <summary>Beside our own checks: sources state the devices of several engines as one tensor degree, which would cut experts into slivers.</summary>
    private static void RequireCut(DeploymentPool pool, ModelSpec model)
    {
        const int narrowest = 64;
        ParallelPlan plan = Degrees(pool);
        plan.Validate(model);
        if (model.Experts is { } experts && experts.Width * plan.Expert <= narrowest * plan.ExpertGroup)
            throw new InputException($"tensor: {plan.Tensor} cuts the experts of {model.Name} into parts of at most {narrowest} columns, which no kernel computes");
    }

    private static string Bare(string id)
    {
        string name = id[(id.LastIndexOf('/') + 1)..].ToLowerInvariant();
        string? ending = FormatEndings.FirstOrDefault(ending => name.EndsWith(ending, StringComparison.Ordinal));
        return ending is null ? name : name[..^ending.Length];
    }

    /// <summary>Published 4-bit checkpoints of mixtures quantise the experts and leave the rest in 16 bit (c).</summary>
    private static PrecisionPlan FormatOf(DeploymentMeasurement row, DeviceSpec device, bool hasExperts)
    {
        PrecisionPlan plan = FormatOf(row, device);
        return hasExperts && plan.Weights is (Precision.Fp4 or Precision.Int4)
            ? plan with { Weights = Precision.Bf16, Activations = Precision.Bf16, ExpertWeights = plan.Weights, ExpertActivations = plan.Activations }
            : plan;
    }

    private static PrecisionPlan FormatOf(DeploymentMeasurement row, DeviceSpec device)
    {
        string format = row.MatrixFormat.Length > 0 ? row.MatrixFormat : row.ExpertFormat;
        bool hasFp8 = device.PeakRate(Precision.Fp8) is not null;
        Precision eight = hasFp8 ? Precision.Fp8 : Precision.Bf16;
        return format.ToLowerInvariant() switch
        {
            "" or "bf16" or "bfloat16" or "fp16" or "float16" => PrecisionPlan.SixteenBit,
            "fp8" or "fp8_block" or "fp8_static" => new(Precision.Fp8, eight, eight),
            "nvfp4" or "fp4" or "mxfp4" or "w4a8_mxfp4_mxfp8" or "w4a16_mxfp4" =>
                new(Precision.Fp4, eight, device.PeakRate(Precision.Fp4) is not null && !format.Contains("a16", StringComparison.Ordinal) ? Precision.Fp4 : eight),
            "int4_wo" or "int4" or "w4a16" => new(Precision.Int4, Precision.Bf16, Precision.Bf16),
            "int8_wo" or "w8a16" => new(Precision.Int8, Precision.Bf16, Precision.Bf16),
            "w4afp8" => new(Precision.Int4, eight, eight),
            _ => throw new InputException($"the format '{format}' of matrix products is not known"),
        };
    }

    private Deployment Deploy(DeploymentPool pool, CostProfile profile, DeploymentEngine engine)
    {
        Interconnect usual = Interconnect.Usual(Device);
        bool isRack = Measured.System.StartsWith("gb", StringComparison.OrdinalIgnoreCase);
        PrecisionPlan formats = engine.QuantisesCache ? Formats : Formats with { Kv = Precision.Bf16 };
        return Deployment.Create(Model, Device, Degrees(pool), formats, isRack ? usual with { DevicesPerMachine = RackDevices } : usual, profile, engine.Times);
    }

    private long KvTokens(Deployment deployment, DeploymentEngine engine) =>
        KvCapacity.Of(deployment, engine.MemoryShare, maxBatchedTokens: engine.TokenBudget * deployment.Parallel.Data, maxSequences: Clients).Tokens;
}
