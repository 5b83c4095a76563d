using Orrery.World.Steps;

namespace Orrery.Serving.Finetuning;

/// <summary>
/// Finetuning jobs first come, first served; the entries of a job in order, one training sequence at a time. Knows what of the present
/// sequence is done and hands out the next work.
/// </summary>
/// <remarks>
/// A sequence goes forward in windows of any size, like a chunked prompt. Then it goes backward layer by layer from the top; within a
/// layer windows go from the last token to the first, because dK and dV of a token are complete only when all later queries have added to
/// them. The result equals ordinary training with one sequence per batch, whatever the windows are (FlexLLM, arXiv 2402.18789).
/// </remarks>
/// <param name="jobs">What is trained, and how long.</param>
/// <param name="layers">Layers of the model.</param>
public sealed class TrainingQueue(FinetuneJobs jobs, int layers)
{
    private long _job;
    private long _entry;
    private long _updates;
    private int _sinceUpdate;
    private int _forward;
    private long _backward;

    /// <summary>True when every job has ended.</summary>
    public bool IsOver => jobs.Jobs is { } most && _job >= most;

    /// <summary>True while the present sequence goes forward.</summary>
    public bool IsForward => _forward < jobs.SequenceTokens;

    /// <summary>What remains of the present pass: tokens forward, or tokens times layers backward.</summary>
    public long Remaining => IsForward ? jobs.SequenceTokens - _forward : BackwardTotal - _backward;

    /// <summary>What remains of the present layer, when backward.</summary>
    public int RemainingOfLayer => (int)(jobs.SequenceTokens - (_backward % jobs.SequenceTokens));

    private long BackwardTotal => (long)jobs.SequenceTokens * layers;

    /// <summary>Writes the next work of the present pass, which stays to be done until <see cref="Commit"/>.</summary>
    /// <param name="work">Cleared by the caller.</param>
    /// <param name="amount">At most <see cref="Remaining"/>.</param>
    public void Fill(TrainingWork work, long amount)
    {
        if (amount < 1 || amount > Remaining) throw new ArgumentOutOfRangeException(nameof(amount), amount, $"the present pass has {Remaining} left");
        if (IsForward) work.Forward((int)amount, _forward);
        else FillBackward(work, _backward, amount);
    }

    /// <summary>Writes all that is left of the present sequence: one whole iteration of ordinary training when nothing is done yet.</summary>
    public void FillSequence(TrainingWork work)
    {
        if (IsForward) work.Forward(jobs.SequenceTokens - _forward, _forward);
        FillBackward(work, _backward, BackwardTotal - _backward);
    }

    /// <summary>The work has run.</summary>
    public void Commit(TrainingWork work)
    {
        _forward += work.ForwardTokens;
        _backward += work.BackwardTokenLayers;
        if (_backward < BackwardTotal) return;
        _forward = 0;
        _backward = 0;
        _entry++;
        if (work.Updates)
        {
            _updates++;
            _sinceUpdate = 0;
        }
        else
        {
            _sinceUpdate++;
        }
        if (_entry < jobs.Entries && !(jobs.MaxUpdates is { } most && _updates >= most)) return;
        _job++;
        _entry = 0;
        _updates = 0;
    }

    private void FillBackward(TrainingWork work, long done, long amount)
    {
        int length = jobs.SequenceTokens;
        long left = amount;
        while (left > 0)
        {
            int layer = layers - 1 - (int)(done / length);
            int end = length - (int)(done % length);
            int tokens = (int)Math.Min(left, end);
            work.Backward(new(layer, end - tokens, tokens));
            done += tokens;
            left -= tokens;
        }
        // What a job has accumulated at its last entry is not lost.
        if (done == BackwardTotal) work.Complete(length, _sinceUpdate + 1 >= jobs.Accumulate || _entry + 1 >= jobs.Entries);
    }
}

/// <summary>Jobs of equal shape.</summary>
/// <param name="SequenceTokens">Length of a dataset entry.</param>
/// <param name="Entries">Entries of a job's dataset.</param>
/// <param name="Accumulate">Sequences per optimizer step.</param>
/// <param name="MaxUpdates">Most optimizer steps of a job; null for all its entries.</param>
/// <param name="Jobs">How many jobs; null for one after another without end.</param>
public sealed record FinetuneJobs(int SequenceTokens, int Entries, int Accumulate, int? MaxUpdates, int? Jobs);
