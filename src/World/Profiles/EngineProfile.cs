namespace Orrery.World.Profiles;

/// <summary>
/// What an engine version adds to the work of the device: CPU time around steps, the step sizes it captures, the memory it takes besides
/// weights and KV. One profile per engine version serves every model, device and scenario; nothing here is tuned per run.
/// </summary>
/// <remarks>
/// Marks as in <see cref="CostProfile"/>. A measured engine says on which run a value was fitted, in <c>catalog/engines.yaml</c>.
/// </remarks>
public sealed partial record EngineProfile
{
    /// <summary>The engine that is meant when none is named: schedule, run, schedule again; the device waits for the CPU.</summary>
    public static EngineProfile Generic { get; } = new();

    public string Name { get; init; } = "generic";

    public IReadOnlyList<string> Aliases { get; init; } = [];

    public string Source { get; init; } = "reference table of achievable fractions (b, c) and stated assumptions (d); fitted to no system";

    /// <summary>CPU time of a step: scheduling, input preparation, sampling hand-over (d).</summary>
    public double StepCpuSeconds { get; init; } = 0.5e-3;

    /// <summary>Further CPU time per sequence in the step (d).</summary>
    public double SequenceCpuSeconds { get; init; } = 3e-6;

    /// <summary>Further CPU time per prompt token in the step (d: tokens of a chunk are copied in one piece).</summary>
    public double PromptTokenCpuSeconds { get; init; }

    /// <summary>
    /// The engine plans step n + 1 when step n starts, so its CPU time hides behind the device. The price: what arrives or ends while
    /// step n runs is first seen by the plan of step n + 2.
    /// </summary>
    public bool PlansAhead { get; init; }

    /// <summary>Time in which the device idles between two steps although the next one is planned: launch, input copies, sampled tokens.</summary>
    public double StepGapSeconds { get; init; }

    /// <summary>Largest step whose shape is captured in a device graph (c: vLLM captures up to 512 tokens); 0 captures none.</summary>
    public int GraphMaxTokens { get; init; } = 512;

    /// <summary>Captured sizes are 1, 2, 4 and the multiples of this; smaller steps are padded to the next one (c).</summary>
    public int GraphStepTokens { get; init; } = 8;

    /// <summary>From this size on the captured sizes are multiples of <see cref="GraphWideStepTokens"/>.</summary>
    public int GraphWideFromTokens { get; init; } = 512;

    /// <inheritdoc cref="GraphWideFromTokens"/>
    public int GraphWideStepTokens { get; init; } = 8;

    /// <summary>Communication buffers per device when a replica has several (b: 342-392 MB; the upper end).</summary>
    public double CollectiveBufferBytes { get; init; } = 392e6;

    /// <summary>Memory per device for context, graphs, workspaces and fragmentation (b: 3.5 GB).</summary>
    public double RuntimeBytes { get; init; } = 3.5e9;

    /// <summary>On small devices runtime memory is at most this share of the usable memory (d).</summary>
    public double RuntimeShareLimit { get; init; } = 0.15;

    /// <summary>The same engine for passes that follow each other without the CPU between them.</summary>
    public EngineProfile WithoutCpu() => this with { StepCpuSeconds = 0, SequenceCpuSeconds = 0, PromptTokenCpuSeconds = 0, StepGapSeconds = 0 };

    /// <summary>CPU time of a step.</summary>
    /// <param name="sequences">Sequences in the step.</param>
    /// <param name="promptTokens">Prompt tokens in the step.</param>
    public double CpuSeconds(long sequences, long promptTokens) =>
        StepCpuSeconds + (sequences * SequenceCpuSeconds) + (promptTokens * PromptTokenCpuSeconds);

    /// <summary>
    /// From the start of a step to the start of the next in a saturated engine: the device after the CPU, or, planned ahead, whichever takes
    /// longer and the gap.
    /// </summary>
    /// <param name="deviceSeconds">What the device computes.</param>
    /// <param name="cpuSeconds">CPU time of the step that is prepared meanwhile.</param>
    public double StepSeconds(double deviceSeconds, double cpuSeconds) =>
        StepGapSeconds + (PlansAhead ? Math.Max(deviceSeconds, cpuSeconds) : deviceSeconds + cpuSeconds);

    /// <summary>Tokens that a step of this many is computed with: the next captured size, or itself beyond the largest.</summary>
    public long PaddedTokens(long tokens)
    {
        if (tokens <= 2 || tokens > GraphMaxTokens) return tokens;
        if (tokens <= 4) return 4;
        return Math.Min(RoundUp(tokens, tokens <= GraphWideFromTokens ? GraphStepTokens : GraphWideStepTokens), GraphMaxTokens);
    }

    /// <summary>Runtime memory on a device with this much usable memory.</summary>
    public double RuntimeBytesOn(double usableBytes) => Math.Min(RuntimeBytes, RuntimeShareLimit * usableBytes);

    private static long RoundUp(long value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
