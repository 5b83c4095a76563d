using Orrery.Kernel;
using Orrery.World.Deployments;
using Orrery.World.Models;
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

    /// <summary>
    /// Share of a request's output for which cache must be free before it starts. 1 reserves all, so that nothing is ever evicted; engines that
    /// admit by the prompt alone hold half of the output on average (d).
    /// </summary>
    public double ReservedOutputShare { get; init; } = 0.5;

    /// <summary>With several data ranks: steps that a prompt waits for others, so that all ranks prefill together.</summary>
    public double GatherSteps { get; init; } = 10;

    /// <summary>CPU time of a step that the device waits for.</summary>
    public double StepCpuSeconds { get; init; } = EngineProfile.Generic.StepCpuSeconds;

    /// <summary>Further CPU time per sequence of a step.</summary>
    public double SequenceCpuSeconds { get; init; } = EngineProfile.Generic.SequenceCpuSeconds;

    /// <summary>Time of a request outside the engine's steps before its first token arrives: the HTTP front, the tokenizer, the way back.</summary>
    public double RequestSeconds { get; init; } = 0.03;

    /// <summary>Further time of a request that changes pools: routing twice, and the agreement on where its cache goes.</summary>
    public double HandOverSeconds { get; init; } = 0.05;

    /// <summary>In an engine that also prefills: tokens that it gathers before it sends a stream's next piece, and steps between looks at new arrivals: the first token comes so many steps later.</summary>
    public double FirstTokenSteps { get; init; }

    /// <summary>Least time per layer of a step with prompts, whose shape no graph has captured: the CPU launches its kernels one by one.</summary>
    public double PromptLayerSeconds { get; init; } = 1e-4;

    /// <summary>
    /// In an engine that also decodes: time of a prompt step of a mixture of experts on very many tensor ranks over what its operators cost: every rank routes, quantises, sorts and
    /// scatters all rows in kernels of their own, and its slices of experts fill tiles badly. 1 on one tensor rank, where data ranks share the rows.
    /// </summary>
    public double ExpertPromptFactor { get; init; } = 1;

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

    /// <summary>
    /// The engines that are known. Times and shares: <see cref="DeploymentEngineFit"/> over every second of the measured deployments of each engine
    /// with at most 1024 clients, on the analytic profile, rounded to three digits.
    /// </summary>
    public static IReadOnlyList<DeploymentEngine> Known { get; } =
    [
        new()
        {
            Name = "vllm",
            Turn = PromptTurn.ChunkedWithDecodes,
            GatherSteps = 5.85,
            StepCpuSeconds = 537e-6,
            SequenceCpuSeconds = 1.85e-6,
            RequestSeconds = 0.032,
            HandOverSeconds = 0.198,
            FirstTokenSteps = 0.254,
            PromptLayerSeconds = 784e-6,
            ExpertPromptFactor = 1.79,
            KernelShare = 1.13,
            CollectiveShare = 0.77,
            MatrixShare = 0.72,
            BandwidthShare = 0.942,
            ExpertImbalance = 1.65,
        },
        new()
        {
            Name = "sglang",
            Turn = PromptTurn.Alone,
            TokenBudget = 16384,
            GatherSteps = 10,
            StepCpuSeconds = 1500e-6,
            SequenceCpuSeconds = 0.365e-6,
            RequestSeconds = 0.17,
            HandOverSeconds = 0.12,
            FirstTokenSteps = 10,
            PromptLayerSeconds = 22.6e-6,
            ExpertPromptFactor = 2.08,
            KernelShare = 0.787,
            CollectiveShare = 0.799,
            MatrixShare = 0.552,
            BandwidthShare = 0.907,
            ExpertImbalance = 1.64,
        },
        new()
        {
            Name = "trtllm",
            Turn = PromptTurn.WholeWithDecodes,
            ReservedOutputShare = 1,
            GatherSteps = 53.1,
            StepCpuSeconds = 71.4e-6,
            SequenceCpuSeconds = 12e-6,
            RequestSeconds = 0.0782,
            HandOverSeconds = 0.198,
            FirstTokenSteps = 4.76,
            PromptLayerSeconds = 585e-6,
            ExpertPromptFactor = 2.19,
            KernelShare = 1.17,
            CollectiveShare = 0.725,
            MatrixShare = 0.852,
            BandwidthShare = 1.07,
            ExpertImbalance = 1.8,
        },
    ];

    /// <exception cref="InputException">No such engine; the sentence lists those known.</exception>
    public static DeploymentEngine Find(string name) =>
        Known.FirstOrDefault(engine => engine.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException($"the engine '{name}' is not known{Names.Suggest(name, [.. Known.Select(engine => engine.Name)])}");

    /// <summary>CPU times, captures and memory of this engine.</summary>
    public EngineProfile Times => EngineProfile.Generic with { Name = Name, StepCpuSeconds = StepCpuSeconds, SequenceCpuSeconds = SequenceCpuSeconds };

    /// <summary>The same engine where what it adds takes so many times longer; the CPU times of its steps follow the profile's factors.</summary>
    public DeploymentEngine Slowed(double factor) => this with
    {
        GatherSteps = GatherSteps * factor,
        RequestSeconds = RequestSeconds * factor,
        HandOverSeconds = HandOverSeconds * factor,
        FirstTokenSteps = FirstTokenSteps * factor,
        PromptLayerSeconds = PromptLayerSeconds * factor,
    };

    /// <summary>What prompts of a model add to a step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">Its degrees.</param>
    /// <param name="alsoDecodes">Whether the engine decodes too, rather than prefill alone.</param>
    public PromptCost Prompts(ModelSpec model, ParallelPlan plan, bool alsoDecodes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(plan);
        double replicated = 1 - (1.0 / plan.Tensor);
        return new(model.Experts is null || !alsoDecodes ? 1 : 1 + ((ExpertPromptFactor - 1) * replicated), model.Layers * PromptLayerSeconds);
    }

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
