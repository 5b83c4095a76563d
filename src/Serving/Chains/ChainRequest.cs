using Orrery.Kernel.Time;

namespace Orrery.Serving.Chains;

/// <summary>A request that walks a path of hosts once for its prompt and once for every token after the first.</summary>
public sealed class ChainRequest
{
    private readonly List<ChainHop> _path = [];

    /// <param name="id">Its number, unique in a run.</param>
    /// <param name="promptTokens">At least one.</param>
    /// <param name="outputTokens">What it will really produce, at least one; hidden from routers by convention.</param>
    /// <param name="arrival">When it came.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is not positive.</exception>
    public ChainRequest(long id, int promptTokens, int outputTokens, Instant arrival)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(promptTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputTokens);
        Id = id;
        PromptTokens = promptTokens;
        OutputTokens = outputTokens;
        Arrival = arrival;
    }

    public long Id { get; }

    public int PromptTokens { get; }

    public int OutputTokens { get; }

    public Instant Arrival { get; }

    /// <summary>Index of the queue that it came to, where several separate services share the hosts; routers may use it.</summary>
    public int Stream { get; init; }

    /// <summary>The hosts it goes through, so far as chosen.</summary>
    public IReadOnlyList<ChainHop> Path => _path;

    /// <summary>Tokens produced.</summary>
    public int Generated { get; internal set; }

    /// <summary>Tokens that its next pass reads: prompt and all produced tokens in its first pass (also after it lost its KV), then one.</summary>
    public int PassTokens => IsPrompt ? PromptTokens + Generated : 1;

    /// <summary>Tokens whose KV lies on the hosts of its path before its next pass.</summary>
    public int ContextTokens => IsPrompt ? 0 : PromptTokens + Generated - 1;

    /// <summary>True until the first pass over the whole path is done.</summary>
    public bool IsPrompt { get; internal set; } = true;

    /// <summary>When the present pass left the coordinator.</summary>
    public Instant PassStarted { get; internal set; }

    /// <summary>When its last token came; never before the first.</summary>
    public Instant LastToken { get; internal set; } = Instant.Never;

    /// <summary>Times that it lost its KV and began again.</summary>
    public int Restarts { get; internal set; }

    /// <summary>Set by routers: what they remember of it.</summary>
    public double RouterMark { get; set; }

    /// <summary>Where it is on its path in the present pass.</summary>
    internal int Position { get; set; }

    /// <summary>Grows when it loses its KV, so that what is still under way is recognised as stale.</summary>
    internal int Attempt { get; set; }

    /// <summary>When it left the host before, or the coordinator.</summary>
    internal Instant StageStarted { get; set; }

    internal List<ChainHop> Hops => _path;

    /// <summary>KV entries that it holds at each hop.</summary>
    internal List<long> HopKv { get; } = [];
}

/// <summary>One host of a path and the layers that run there.</summary>
/// <param name="Host">Index of the host.</param>
/// <param name="FirstLayer">First layer that runs there; it runs all layers of the host from this one on.</param>
/// <param name="Layers">How many.</param>
public readonly record struct ChainHop(int Host, int FirstLayer, int Layers);
