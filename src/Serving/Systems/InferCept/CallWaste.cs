using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.InferCept;

/// <summary>How the waste of a call is counted.</summary>
public enum WasteForm
{
    /// <summary>As published: the context is computed again in one step.</summary>
    Paper,

    /// <summary>As the authors' code has it: it is computed again in chunks beside the running batch.</summary>
    Code,
}

/// <summary>What each handling of a call wastes, in token-seconds of KV memory; bytes per token cancel.</summary>
/// <param name="Preserve">Held while nobody uses it.</param>
/// <param name="Discard">Held while it is computed again, by the sequence and by all that wait for that.</param>
/// <param name="Swap">Held while copies let the batch wait; infinite without a host pool.</param>
public readonly record struct WasteTerms(double Preserve, double Discard, double Swap)
{
    /// <summary>The choice that wastes least; of equals the one that moves least.</summary>
    public CallIntent Least
    {
        get
        {
            if (Preserve <= Discard && Preserve <= Swap) return new(PausedKv.Preserve, Preserve);
            return Swap <= Discard ? new(PausedKv.Swap, Swap) : new(PausedKv.Discard, Discard);
        }
    }
}

/// <summary>
/// Waste of a call of T seconds made with C tokens of context, beside R tokens of others. Paper: preserve T·C; discard t(C)·C + t(C)·R
/// with t(C) the time to compute C tokens; swap 2·t_swap(C)·R.
/// </summary>
/// <remarks>
/// Source: Shahout et al., arXiv 2410.18248, after InferCept, arXiv 2402.01869 (b). Code form (b), with B the token budget of a step,
/// h = max(B − tokens of the running batch, 1) tokens free for a chunk, D = C rounded up to blocks, n = max(⌈D/h⌉ − 1, 0) full chunks,
/// last = D mod h and times in ms a·tokens + c: discard f·n(n+1)/2·h + a·h·n·R + a·last·(R + last), where f = a·B + c; swap f'·n·D +
/// 2·a'·h·n·R with n ≥ 1 and f' = 0.181·B + 22.5, a' = 0.136; preserve T·D.
/// </remarks>
/// <param name="form">Which of the two.</param>
/// <param name="budgetTokens">B.</param>
/// <param name="line">a and c.</param>
public sealed class CallWaste(WasteForm form, int budgetTokens, StepLine line)
{
    /// <summary>a of the published script for GPT-J-6B, ms per token (b).</summary>
    public const double PublishedTokenMilliseconds = 0.0408;

    /// <summary>c of the same script, ms (b).</summary>
    public const double PublishedStepMilliseconds = 16.92;

    /// <summary>Token budget of a step in the same code (b).</summary>
    public const int PublishedBudget = 384;

    /// <summary>Slope and offset of a swapping step, and slope of one chunk of it, in ms (b).</summary>
    private const double SwapTokenMilliseconds = 0.181, SwapStepMilliseconds = 22.5, SwapChunkMilliseconds = 0.136;

    private const double MillisecondsPerSecond = 1000;

    /// <summary>Step times of a replica: as set, else its profile's, else (without a profile) the published ones.</summary>
    public static StepLine LineOf(ReplicaFacts facts, int budgetTokens, double? tokenMilliseconds, double? stepMilliseconds)
    {
        StepLine line = facts.StepTimes is { } profile ? StepLine.Fit(profile, budgetTokens)
            : new(PublishedTokenMilliseconds / MillisecondsPerSecond, PublishedStepMilliseconds / MillisecondsPerSecond);
        return new(tokenMilliseconds / MillisecondsPerSecond ?? line.PerTokenSeconds, stepMilliseconds / MillisecondsPerSecond ?? line.BaseSeconds);
    }

    /// <param name="callSeconds">T.</param>
    /// <param name="contextTokens">C.</param>
    /// <param name="blockTokens">Tokens of a KV block.</param>
    /// <param name="otherTokens">R.</param>
    /// <param name="runningTokens">Tokens of the running batch in a step: one of each sequence that decodes.</param>
    /// <param name="swapSeconds">One-way copy of the context; null without a host pool.</param>
    public WasteTerms Of(double callSeconds, int contextTokens, int blockTokens, long otherTokens, int runningTokens, double? swapSeconds)
    {
        if (form == WasteForm.Paper)
        {
            double again = line.At(contextTokens);
            double moves = swapSeconds is { } copy ? 2 * copy * otherTokens : double.PositiveInfinity;
            return new(callSeconds * contextTokens, again * (contextTokens + otherTokens), moves);
        }
        double tokens = (double)((contextTokens + blockTokens - 1) / blockTokens) * blockTokens;
        double free = Math.Max(budgetTokens - runningTokens, 1);
        double chunks = Math.Max(Math.Ceiling(tokens / free) - 1, 0);
        double last = tokens % free;
        double discard = (line.At(budgetTokens) * chunks * (chunks + 1) / 2 * free) + (line.PerTokenSeconds * free * chunks * otherTokens)
            + (line.PerTokenSeconds * last * (otherTokens + last));
        return new(callSeconds * tokens, discard, swapSeconds is null ? double.PositiveInfinity : CodeSwap(tokens, free, Math.Max(chunks, 1), otherTokens));
    }

    /// <summary>KV tokens on the device that belong neither to this sequence nor to one that waits for a tool.</summary>
    public static long OtherTokens(ReplicaView view, Sequence sequence)
    {
        long blocks = view.Memory.UsedBlocks;
        if (!sequence.IsPaused) blocks -= sequence.KvBlocks;
        foreach (Sequence paused in view.Paused) blocks -= paused.KvBlocks;
        return Math.Max(0, blocks) * view.Memory.BlockTokens;
    }

    private double CodeSwap(double tokens, double free, double chunks, long otherTokens) =>
        ((((SwapTokenMilliseconds * budgetTokens) + SwapStepMilliseconds) * chunks * tokens) + (2 * SwapChunkMilliseconds * free * chunks * otherTokens))
        / MillisecondsPerSecond;
}
