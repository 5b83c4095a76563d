using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;

namespace Orrery.Serving.Systems.Lamps;

/// <summary>How waiting requests are ranked.</summary>
public enum RankForm
{
    /// <summary>By the exact integral of predicted KV tokens over the predicted timeline.</summary>
    Exact,

    /// <summary>By the formulas of the authors' code, which mix token-seconds and squared blocks.</summary>
    Code,

    /// <summary>First come first served: the systems that LAMPS is compared with.</summary>
    Arrival,
}

/// <summary>
/// Predicted memory over time of a request's present segment: what is missing is computed in chunks, tokens follow one a step up to the
/// next call, the call passes under its handling, and its answer is read. Smallest first.
/// </summary>
/// <remarks>
/// Source: Shahout et al., arXiv 2410.18248, and its code (b). Under each handling, with C tokens at the call and r returned: preserve
/// holds C for T seconds and builds r on top; discard holds nothing and builds C + r anew; swap holds C during both copies and builds r.
/// A handling that decides during the pause counts as the smallest of the three (d). KV that is on the host costs its way back first.
/// Code form with n blocks, h free tokens of a step, m = max(⌈block·n/h⌉, 1), A(n) = f·(1 + m)·m/2·h, f = (0.1·B + 10) ms, b and a
/// the blocks before the call and after it: preserve A(b) + T·tokens(b) + A(a); discard A(b) + A(b + a); swap A(b) + 2s + 0.1·T + A(a) with
/// s = b²/4; once the calls are done preserve A(a), discard A(b + a), swap s + A(a).
/// </remarks>
/// <param name="form">Which form; by arrival all are equal.</param>
/// <param name="budgetTokens">B, token budget of a step.</param>
/// <param name="line">Step times of the replica; a predicted step is a full one.</param>
public sealed class MemoryRank(RankForm form, int budgetTokens, StepLine line)
{
    /// <summary>Slope and offset of f, in ms (b).</summary>
    private const double CodeTokenMilliseconds = 0.1, CodeStepMilliseconds = 10;

    /// <summary>Weight of the pause while nothing is held on the device, and divisor of a squared copy (b).</summary>
    private const double CodeSwapPause = 0.1, CodeSwapDivisor = 4;

    private const double MillisecondsPerSecond = 1000;

    private readonly double _fullStepSeconds = line.At(budgetTokens);

    /// <param name="sequence">Waiting, perhaps on the host.</param>
    /// <param name="view">Its replica; the host pool gives the times of copies.</param>
    /// <param name="runningTokens">Tokens that the running batch takes of a step.</param>
    public double Of(Sequence sequence, ReplicaView view, int runningTokens)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(view);
        if (form == RankForm.Arrival) return 0;
        int chunk = Math.Max(budgetTokens - runningTokens, 1);
        return form == RankForm.Code ? OfCode(sequence, view.Memory, chunk) : OfTimeline(sequence, view, new(_fullStepSeconds, chunk));
    }

    /// <summary>Output tokens up to the next call, or to the end: at least one, and the request's limit where nothing is known.</summary>
    private static int TokensToCome(Sequence sequence)
    {
        int until = sequence.NextCall?.AfterTokens ?? (sequence.PredictedOutputTokens > 0 ? sequence.PredictedOutputTokens : sequence.MaxTokens);
        return Math.Max(1, until - sequence.GeneratedTokens);
    }

    private static double CopySeconds(KvSwap? pool, IKvMemory memory, int tokens) =>
        pool is null || tokens > pool.TotalTokens ? double.PositiveInfinity : pool.TimeFor(tokens, memory.RunsFor(tokens)).Seconds;

    private static double OfTimeline(Sequence sequence, ReplicaView view, MemoryArea area)
    {
        int held = sequence.ComputedTokens;
        int total = sequence.TotalTokens;
        int toCome = TokensToCome(sequence);
        double sum = area.Build(held, total) + area.Decode(total, toCome);
        if (sequence.IsOnHost) sum += held * CopySeconds(view.Swap, view.Memory, held);
        if (sequence.NextCall is not { } call || call.Duration.Nanoseconds == 0) return sum;
        long context = (long)total + toCome;
        double reads = area.Build(context, context + call.ReturnTokens);
        double preserve = (context * call.Duration.Seconds) + reads;
        double discard = area.Build(0, context + call.ReturnTokens);
        double swap = (2 * context * CopySeconds(view.Swap, view.Memory, (int)context)) + reads;
        return sum + (sequence.Intent?.Kv switch
        {
            PausedKv.Preserve => preserve,
            PausedKv.Discard => discard,
            // Without room on the host it would be kept.
            PausedKv.Swap => double.IsFinite(swap) ? swap : preserve,
            _ => Math.Min(preserve, Math.Min(discard, swap)),
        });
    }

    private double OfCode(Sequence sequence, IKvMemory memory, int chunk)
    {
        double Area(long blocks)
        {
            double steps = Math.Max(Math.Ceiling((double)blocks * memory.BlockTokens / chunk), 1);
            return ((CodeTokenMilliseconds * budgetTokens) + CodeStepMilliseconds) / MillisecondsPerSecond * (1 + steps) * steps / 2 * chunk;
        }

        int toCome = TokensToCome(sequence);
        if (sequence.NextCall is { Duration.Nanoseconds: > 0 } call)
        {
            long before = memory.BlocksFor(sequence.TotalTokens + toCome);
            long after = memory.BlocksFor(toCome + call.ReturnTokens);
            double copy = before * before / CodeSwapDivisor;
            return Area(before) + (sequence.Intent?.Kv switch
            {
                PausedKv.Discard => Area(before + after),
                PausedKv.Swap => (2 * copy) + (CodeSwapPause * call.Duration.Seconds) + Area(after),
                _ => (call.Duration.Seconds * before * memory.BlockTokens) + Area(after),
            });
        }
        long done = memory.BlocksFor(sequence.TotalTokens);
        long left = memory.BlocksFor(toCome);
        if (sequence.IsOnHost) return (done * done / CodeSwapDivisor) + Area(left);
        return sequence.ComputedTokens > 0 ? Area(left) : Area(done + left);
    }
}
