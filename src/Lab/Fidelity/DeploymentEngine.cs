using Orrery.Kernel;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>How an engine gives prompts their turn beside running decodes.</summary>
public enum PromptTurn
{
    /// <summary>Prompts are cut to what the token budget leaves and share the step with all decodes (Sarathi-Serve, OSDI 2024).</summary>
    ChunkedWithDecodes,

    /// <summary>Whole prompts share the step with all decodes (Orca, OSDI 2022).</summary>
    WholeWithDecodes,

    /// <summary>Prompts run in steps of their own, and decodes wait.</summary>
    Alone,
}

/// <summary>
/// What an engine adds to the cost of its kernels, and how it batches. One entry per engine serves every model, device and row; times are
/// fitted with <see cref="DeploymentEngineFit"/> over measured deployments, budgets are the engines' defaults.
/// </summary>
public sealed record DeploymentEngine
{
    /// <summary>Name as measured deployments state it.</summary>
    public required string Name { get; init; }

    /// <inheritdoc cref="PromptTurn"/>
    public PromptTurn Turn { get; init; } = PromptTurn.ChunkedWithDecodes;

    /// <summary>Most tokens of a step per data rank.</summary>
    public int TokenBudget { get; init; } = 8192;

    /// <summary>Share of device memory that weights and cache may take (benchmark recipes: 0.85-0.95, c).</summary>
    public double MemoryShare { get; init; } = 0.95;

    /// <summary>CPU time of a step that the device waits for.</summary>
    public double StepCpuSeconds { get; init; } = EngineProfile.Generic.StepCpuSeconds;

    /// <summary>Further CPU time per sequence of a step.</summary>
    public double SequenceCpuSeconds { get; init; } = EngineProfile.Generic.SequenceCpuSeconds;

    /// <summary>Time of a request outside the engine's steps before its first token arrives: the HTTP front, the tokenizer, the way back.</summary>
    public double RequestSeconds { get; init; } = 0.03;

    /// <summary>Further time of a request that changes pools: routing twice, and the agreement on where its cache goes.</summary>
    public double HandOverSeconds { get; init; } = 0.05;

    /// <summary>Tokens that an engine gathers before it sends a stream's next piece, and steps between looks at new arrivals: the first token comes so many steps later.</summary>
    public double FirstTokenSteps { get; init; }

    /// <summary>Least time per layer of a step with prompts, whose shape no graph has captured: the CPU launches its kernels one by one.</summary>
    public double PromptLayerSeconds { get; init; } = 1e-4;

    /// <summary>Fixed cost of a kernel over the profile's: captured graphs and fused kernels make it small.</summary>
    public double KernelShare { get; init; } = 1;

    /// <summary>Floor of a collective over the profile's: engines bring kernels of their own for small messages.</summary>
    public double CollectiveShare { get; init; } = 1;

    /// <summary>Achieved share of dense peak over the profile's.</summary>
    public double MatrixShare { get; init; } = 1;

    /// <summary>Achieved share of memory bandwidth over the profile's.</summary>
    public double BandwidthShare { get; init; } = 1;

    /// <summary>Load of the busiest expert rank over the mean.</summary>
    public double ExpertImbalance { get; init; } = 1;

    /// <summary>The engines that are known.</summary>
    public static IReadOnlyList<DeploymentEngine> Known { get; } =
    [
        new() { Name = "vllm", Turn = PromptTurn.ChunkedWithDecodes },
        new() { Name = "sglang", Turn = PromptTurn.Alone, TokenBudget = 16384 },
        new() { Name = "trtllm", Turn = PromptTurn.WholeWithDecodes },
    ];

    /// <exception cref="InputException">No such engine; the sentence lists those known.</exception>
    public static DeploymentEngine Find(string name) =>
        Known.FirstOrDefault(engine => engine.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException($"the engine '{name}' is not known{Names.Suggest(name, [.. Known.Select(engine => engine.Name)])}");

    /// <summary>CPU times, captures and memory of this engine.</summary>
    public EngineProfile Times => EngineProfile.Generic with { Name = Name, StepCpuSeconds = StepCpuSeconds, SequenceCpuSeconds = SequenceCpuSeconds };

    /// <summary>A device's profile as this engine uses the device.</summary>
    public CostProfile Over(CostProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        return profile with
        {
            KernelSeconds = profile.KernelSeconds * KernelShare,
            CollectiveFloorSeconds = profile.CollectiveFloorSeconds * CollectiveShare,
            GemmEfficiency = Math.Min(1, profile.GemmEfficiency * MatrixShare),
            AttentionEfficiency = Math.Min(1, profile.AttentionEfficiency * MatrixShare),
            MemoryBandwidthFraction = Math.Min(1, profile.MemoryBandwidthFraction * BandwidthShare),
            DecodeAttentionBandwidthFraction = Math.Min(1, profile.DecodeAttentionBandwidthFraction * BandwidthShare),
            ExpertImbalance = ExpertImbalance,
        };
    }
}
