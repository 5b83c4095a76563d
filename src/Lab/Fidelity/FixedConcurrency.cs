using Orrery.World.Cost;

namespace Orrery.Lab.Fidelity;

/// <summary>
/// A benchmark under a fixed number of clients: all send their first request at once, each its next when the last one ends, until so many
/// rounds have been sent. Lengths are spread evenly over a share of the nominal ones by a low-discrepancy sequence, so results repeat exactly.
/// </summary>
/// <param name="Clients">Requests in flight.</param>
/// <param name="InputTokens">Nominal prompt length.</param>
/// <param name="OutputTokens">Nominal output length.</param>
public sealed record FixedConcurrency(int Clients, int InputTokens, int OutputTokens)
{
    /// <summary>Requests per client (public inference benchmarks: ten times the concurrency, b).</summary>
    public int Rounds { get; init; } = 10;

    /// <summary>Shortest length over the nominal one (public inference benchmarks: 0.8, b); the nominal one is the longest.</summary>
    public double ShortestShare { get; init; } = 0.8;

    internal int Requests => Clients * Rounds;

    /// <summary>R2 sequence (Roberts 2018): the inverse of the plastic number and its square.</summary>
    internal int Prompt(int request) => Length(InputTokens, request, 0.7548776662466927);

    internal int Output(int request) => Length(OutputTokens, request, 0.5698402909980532);

    private int Length(int nominal, int request, double stride)
    {
        double position = 0.5 + (request * stride);
        double share = 1 - ((1 - ShortestShare) * (position - Math.Floor(position)));
        return Math.Max(1, (int)Math.Round(nominal * share));
    }

    /// <summary>One engine prefills and decodes.</summary>
    /// <param name="cost">Step times of the engine's replica.</param>
    /// <param name="prompts">What prompts add to a step.</param>
    /// <param name="dataRanks">Data ranks of attention.</param>
    /// <param name="kvTokens">Tokens that its cache holds; a request waits until all it will need is free.</param>
    /// <param name="engine">How it batches.</param>
    public ConcurrencyResult Run(ICostModel cost, PromptCost prompts, int dataRanks, long kvTokens, DeploymentEngine engine)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentNullException.ThrowIfNull(engine);
        return new SharedEngineRun(this, new StepTimer(cost, dataRanks, prompts), kvTokens, engine).Run();
    }

    /// <summary>Prefill and decode in pools of their own.</summary>
    /// <param name="prefill">Engines that prefill, and the time to send one request's cache.</param>
    /// <param name="decode">Engines that decode.</param>
    /// <param name="engine">How they batch.</param>
    public ConcurrencyResult Run(PrefillPool prefill, DecodePool decode, DeploymentEngine engine)
    {
        ArgumentNullException.ThrowIfNull(prefill);
        ArgumentNullException.ThrowIfNull(decode);
        ArgumentNullException.ThrowIfNull(engine);
        return new SplitPoolRun(this, prefill, decode, engine).Run();
    }
}

/// <summary>Engines that prefill only.</summary>
/// <param name="Cost">Step times of one engine.</param>
/// <param name="Prompts">What prompts add to a step.</param>
/// <param name="DataRanks">Its data ranks: as many prompts run at once.</param>
/// <param name="Workers">Engines.</param>
/// <param name="SendSecondsPerToken">Time to send the cache of one prompt token to a decode engine.</param>
public sealed record PrefillPool(ICostModel Cost, PromptCost Prompts, int DataRanks, int Workers, double SendSecondsPerToken);

/// <summary>Engines that decode only.</summary>
/// <param name="Cost">Step times of one engine.</param>
/// <param name="DataRanks">Its data ranks.</param>
/// <param name="Workers">Engines.</param>
/// <param name="KvTokens">Tokens that the cache of one engine holds.</param>
public sealed record DecodePool(ICostModel Cost, int DataRanks, int Workers, long KvTokens);

/// <summary>Means over all requests of a benchmark.</summary>
/// <param name="TtftSeconds">From sending a request to its first token.</param>
/// <param name="TpotSeconds">(Last − first token) / (output tokens − 1).</param>
/// <param name="RequestsPerSecond">Over the whole benchmark.</param>
public readonly record struct ConcurrencyResult(double TtftSeconds, double TpotSeconds, double RequestsPerSecond);
