using Orrery.Documents;
using Orrery.Engine.Attention;
using Orrery.Kernel.Units;
using Orrery.Serving.Calls;
using Orrery.Serving.Drafting;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Traffic.Predictors;

namespace Orrery.Live.Settings;

/// <summary>A LoRA adapter that is served under a name of its own.</summary>
/// <param name="Name">What clients ask for as the model.</param>
/// <param name="File">A GGUF file.</param>
/// <param name="Strength">Factor on what it adds.</param>
public sealed record AdapterSettings(string Name, string File, float Strength = 1f);

/// <summary>Speculation of a live replica.</summary>
/// <param name="Control">Who decides how many tokens are proposed.</param>
/// <param name="File">A smaller GGUF model of the same vocabulary; null looks proposals up in the text so far.</param>
/// <param name="Match">Looking up: tokens that must repeat.</param>
public sealed record DraftSettings(DraftControlSpec Control, string? File, int Match);

/// <summary>One model on the engine of this process, and who decides its steps: the <c>models:</c> entries of a serving file.</summary>
public sealed record ModelSettings
{
    /// <summary>
    /// A processor multiplies the rows of so many tokens in a few times the time of reading the weights, so larger steps gain little and keep
    /// others waiting (our choice, d: time to first token and tokens per second of eight clients at 64, 128, 256 and 512).
    /// </summary>
    public const int DefaultStepTokens = 64;

    /// <summary>Tokens of one pass of the engine; a larger step takes several (our choice, d).</summary>
    public const int PassTokens = 512;

    /// <summary>What clients call it; null takes the file's name without its ending.</summary>
    public string? Id { get; init; }

    /// <summary>A GGUF file; null is the model that comes with the program.</summary>
    public string? File { get; init; }

    /// <summary>Decides each step.</summary>
    public SchedulerSpec Scheduler { get; init; } = Schedulers.Registry.Read(Node.Plain("vllm-v1"));

    /// <summary>Longest sequence in tokens; 0 = the model's own.</summary>
    public int ContextLength { get; init; }

    /// <summary>Memory for keys and values; null = room for eight sequences of the longest length, at most a quarter of the machine's memory.</summary>
    public Bytes? KvMemory { get; init; }

    /// <summary>How keys and values are stored.</summary>
    public KvType KvType { get; init; } = KvType.F16;

    /// <summary>Whether equal prefixes share their KV; null takes the scheduler's usual.</summary>
    public bool? PrefixCache { get; init; }

    /// <summary>Pool for the KV of preempted sequences; null recomputes them.</summary>
    public SwapOptions? Swap { get; init; }

    /// <summary>What becomes of the KV of sequences that wait for tools.</summary>
    public CallHandlingSpec Calls { get; init; } = new DiscardOptions();

    public DraftSettings? Draft { get; init; }

    public IReadOnlyList<AdapterSettings> Adapters { get; init; } = [];

    /// <summary>Who guesses the length of answers; null = the mean of the client's answers so far, where the scheduler wants a guess.</summary>
    public PredictorSpec? OutputLength { get; init; }

    /// <summary>
    /// A scenario whose first fleet entry says what steps of this model take here, as <c>orrery calibrate --engine</c> writes it, for policies that
    /// look ahead; null: they do without.
    /// </summary>
    public string? StepTimes { get; init; }

    /// <summary>Token budget of a step for schedulers that are given none.</summary>
    public int StepTokens { get; init; } = DefaultStepTokens;

    /// <summary>Threads of the engine; 0 = one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Key of the random numbers: the seed of requests that name none is made of it and their number.</summary>
    public ulong Seed { get; init; }
}
