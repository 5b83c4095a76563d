using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Fidelity;

/// <summary>One measured run of vLLM: its settings, the requests it was given, and what became of them where that is published.</summary>
/// <param name="Name">Folders of the run below the data folder, with forward slashes.</param>
/// <param name="Device">Each of the devices it ran on.</param>
/// <param name="Model">What it served.</param>
/// <param name="Settings">The engine's.</param>
/// <param name="RequestsPath">Request list with arrivals, lengths and prefix block ids.</param>
/// <param name="OutcomePath">Measured times of each request; null where only the inputs are there.</param>
/// <param name="PeerPath">Another simulator's prediction for the same requests, or null.</param>
public sealed record MeasuredRun(
    string Name, DeviceSpec Device, ModelSpec Model, VllmSettings Settings, string RequestsPath, string? OutcomePath, string? PeerPath);

/// <summary>Engine settings of a run as <c>vllm_meta.json</c> states them; null: not stated, the engine's default.</summary>
public sealed record VllmSettings
{
    /// <summary>Such as <c>0.19.0</c>.</summary>
    public required string Version { get; init; }

    /// <summary>As the publisher spells it.</summary>
    public required string Model { get; init; }

    public int Tensor { get; init; } = 1;

    public int Data { get; init; } = 1;

    /// <summary>Experts are spread over all tensor and data ranks.</summary>
    public bool SpreadsExperts { get; init; }

    public int? MaxSequences { get; init; }

    public int? MaxBatchedTokens { get; init; }

    public int? MaxModelTokens { get; init; }

    public string WeightFormat { get; init; } = "bfloat16";

    /// <summary><c>auto</c>: that of the weights' activations.</summary>
    public string KvFormat { get; init; } = "auto";

    public int? BlockTokens { get; init; }

    public double? Utilization { get; init; }

    public bool? PrefixCache { get; init; }

    /// <summary>KV blocks of a rank that the engine reported; compared with ours, never used.</summary>
    public long? ReportedBlocks { get; init; }

    /// <summary>Name of the request list, without folder and ending.</summary>
    public required string RequestList { get; init; }

    /// <summary>Reads a <c>vllm_meta.json</c>; keys that are not needed are ignored.</summary>
    /// <exception cref="InputException">The file is malformed, or lacks a key without which nothing can be run.</exception>
    public static VllmSettings Read(string path)
    {
        Node root = Document.Load(path);
        Node engine = Need(root, "engine_kwargs");
        Node? cache = Value(root, "kv_cache");
        return new()
        {
            Version = Need(root, "vllm_version").AsText(),
            Model = Need(root, "model").AsText(),
            RequestList = Path.GetFileNameWithoutExtension(Need(root, "dataset_path").AsText()),
            Tensor = Whole(engine, "tensor_parallel_size") ?? 1,
            Data = Whole(engine, "data_parallel_size") ?? 1,
            SpreadsExperts = Value(engine, "enable_expert_parallel")?.AsBool() ?? false,
            MaxSequences = Whole(engine, "max_num_seqs"),
            MaxBatchedTokens = Whole(engine, "max_num_batched_tokens"),
            MaxModelTokens = Whole(engine, "max_model_len"),
            WeightFormat = Value(engine, "dtype")?.AsText() ?? "bfloat16",
            KvFormat = Value(engine, "kv_cache_dtype")?.AsText() ?? "auto",
            BlockTokens = Whole(cache, "block_size"),
            Utilization = Value(cache, "gpu_memory_utilization")?.AsNumber(min: 0, max: 1),
            PrefixCache = Value(cache, "enable_prefix_caching")?.AsBool(),
            ReportedBlocks = Value(cache, "num_gpu_blocks")?.AsLong(min: 1),
        };
    }

    private static Node Need(Node map, string key) =>
        Value(map, key) ?? throw map.Error($"the key '{key}' is missing; a measured run needs model, vllm_version, engine_kwargs and dataset_path");

    private static Node? Value(Node? map, string key) => map?[key] is { Kind: not NodeKind.Null } value ? value : null;

    private static int? Whole(Node? map, string key) => Value(map, key)?.AsInt(min: 1);
}
