using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Andes;

/// <summary>
/// Andes: at every step serve those whose quality of experience gains most per token of KV memory. A client reads at its own pace from a
/// buffer, so a request that is ahead may wait for one that is behind. While everybody can be served, everybody is, as in vLLM v0.
/// </summary>
/// <remarks>
/// Source: Liu et al. 2024, arXiv 2404.16283 (b). Maximise Σ (Q_serve,i(B) − Q_wait,i)·x_i with Σ x_i = B and Σ l_i·x_i ≤ M, for the best B
/// in [B_min, B_max]: <see cref="Packing"/> solves it greedily, <see cref="Selection"/> predicts. Waiting raises a request's gain and service
/// raises its l, so nobody starves, though very long requests are somewhat disadvantaged. Once there were P preemptions per request,
/// running requests are kept; one that then finds no block for its next token sits a step out with its memory, and is evicted only when
/// nobody else could go on.
/// </remarks>
public sealed class Andes(AndesOptions options, AdmissionLimits limits, LatencyProfile profile) : IScheduler
{
    /// <summary>Runs of steps are looked ahead no further than this.</summary>
    private const int FarthestStep = 4096;

    private readonly ContinuousBatch _batch = new();
    private readonly Selection _selection = new(options, profile);
    private long _requests;
    private long _preemptions;
    private long _finished;
    private WideSum _completionNanoseconds;
    private bool _mayRepeat;

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    /// <summary>Preemptions that may still be made on purpose.</summary>
    private long PreemptionsLeft => Math.Max(0, (long)Math.Min(options.Preemptions * _requests, long.MaxValue / 2) - _preemptions);

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, limits);

    public void Enqueue(Sequence sequence)
    {
        _requests++;
        _batch.Waiting.Add(sequence);
    }

    public void Remove(Sequence sequence)
    {
        _batch.Remove(sequence);
        if (!sequence.CancelledAt.IsNever || sequence.LastToken.IsNever) return;
        _finished++;
        _completionNanoseconds.Add((sequence.LastToken - sequence.Arrival).Nanoseconds);
    }

    public void Pause(Sequence sequence) => _batch.Remove(sequence);

    public void Resume(Sequence sequence, bool first)
    {
        _batch.Waiting.AddAgain(sequence, first);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        if (MustChoose(view.Memory, 0)) PlanChosen(view, plan);
        else PlanEverybody(view.Memory, plan);
        _preemptions += plan.PreemptedCount;
    }

    /// <summary>Everybody decodes until the trigger may fire: contexts only grow, and with them memory and step times.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        if (!_mayRepeat || _batch.Waiting.Count > 0 || _batch.Running.Count != plan.Items.Length) return Stability.OneStep;
        int low = 0;
        int high = FarthestStep;
        while (low < high - 1)
        {
            int middle = (low + high) / 2;
            if (MustChoose(view.Memory, middle)) high = middle;
            else low = middle;
        }
        return new(high, ArrivalsMatter: true);
    }

    /// <summary>
    /// The trigger: with everybody in it, memory would be fuller than the high watermark, the batch larger than allowed, or steps slower
    /// than the fastest reader reads.
    /// </summary>
    /// <param name="memory">The replica's memory.</param>
    /// <param name="later">Decode steps of everybody from now on.</param>
    private bool MustChoose(IKvMemory memory, int later)
    {
        int all = _batch.Running.Count + _batch.Waiting.Count;
        if (all == 0) return false;
        if (all > limits.Sequences) return true;
        long blocks = memory.UsedBlocks;
        long context = (long)later * all;
        long tightest = long.MaxValue;
        for (int i = 0; i < _batch.Running.Count; i++) Count(_batch.Running[i]);
        foreach (Sequence sequence in _batch.Waiting) Count(sequence);
        // With nobody waiting there is nothing to choose while all still fit.
        double most = _batch.Waiting.Count == 0 ? memory.TotalBlocks : options.MemoryTrigger * memory.TotalBlocks;
        return blocks > most || profile.Decode(all, all, context).Nanoseconds > tightest;

        void Count(Sequence sequence)
        {
            blocks += memory.BlocksFor(sequence.TotalTokens + later) - sequence.KvBlocks;
            context += sequence.TotalTokens;
            tightest = Math.Min(tightest, sequence.Reading.TokenInterval.Nanoseconds);
        }
    }

    private void PlanEverybody(IKvMemory memory, StepPlan plan)
    {
        _mayRepeat = false;
        if (_batch.AdmitWholePrompts(memory, plan, limits)) return;
        _batch.Running.Decode(memory, plan);
        _mayRepeat = plan.PreemptedCount == 0 && !_batch.AdmitFromHost(memory, plan, limits);
    }

    private void PlanChosen(ReplicaView view, StepPlan plan)
    {
        _mayRepeat = false;
        IKvMemory memory = view.Memory;
        int landing = GatherCandidates(memory, out int blocks);
        if (_selection.Count == 0) return;
        PackLimits room = new(blocks, limits.WatermarkBlocks(memory), options.Misfit, KeepsRunning: PreemptionsLeft == 0);
        Duration? completion = _finished == 0 ? null : Duration.FromNanoseconds((long)(_completionNanoseconds.Value / _finished));
        _selection.Choose(view, room, Math.Max(1, limits.Sequences - landing), completion);
        EvictOthers(plan);
        if (AdmitPrompts(memory, plan)) return;
        Decode(memory, plan);
        if (plan.PreemptedCount == 0) BringBack(memory, plan);
        bool isBusy = view.InFlightSequences > 0 || view.Swap is { Returning: > 0 };
        if (plan.IsEmpty && plan.PreemptedCount == 0 && !isBusy && _batch.Running.Last() is { } stuck) _batch.Running.Preempt(stuck, plan);
    }

    /// <returns>Running sequences that are in flight: they are served whatever is decided.</returns>
    private int GatherCandidates(IKvMemory memory, out int blocks)
    {
        _selection.Clear();
        blocks = memory.FreeBlocks;
        for (int i = 0; i < _batch.Running.Count; i++) Add(_batch.Running[i], true, ref blocks);
        foreach (Sequence sequence in _batch.Waiting) Add(sequence, false, ref blocks);
        return _batch.Running.Count + _batch.Waiting.Count - _selection.Count;

        void Add(Sequence sequence, bool runs, ref int blocks)
        {
            if (sequence.InFlight) return;
            blocks += sequence.KvBlocks;
            _selection.Add(sequence, runs, memory);
        }
    }

    /// <summary>Whoever runs and was not chosen goes, the least gain per token first, as far as the cap allows.</summary>
    private void EvictOthers(StepPlan plan)
    {
        long left = PreemptionsLeft;
        for (int rank = _selection.Count - 1; rank >= 0 && left > 0; rank--)
        {
            if (!_selection.IsRunning(rank) || _selection.IsTaken(rank)) continue;
            _batch.Running.Preempt(_selection.At(rank), plan);
            left--;
        }
    }

    /// <summary>A step of whole prompts, the most gain per token first; decodes stall, as in vLLM v0.</summary>
    private bool AdmitPrompts(IKvMemory memory, StepPlan plan)
    {
        int batched = 0;
        for (int rank = 0; rank < _selection.Count && _batch.Running.Count < limits.Sequences; rank++)
        {
            Sequence sequence = _selection.At(rank);
            if (_selection.IsRunning(rank) || !_selection.IsTaken(rank) || sequence.IsOnHost) continue;
            int tokens = sequence.MissingTokens - memory.CachedTokens(sequence);
            if (batched > 0 && batched + tokens > limits.BatchedTokens) break;
            if (!TryAdmit(sequence, memory, plan)) break;
            batched += Math.Max(1, tokens);
        }
        return batched > 0;
    }

    private void BringBack(IKvMemory memory, StepPlan plan)
    {
        for (int rank = 0; rank < _selection.Count && _batch.Running.Count < limits.Sequences; rank++)
        {
            if (_selection.IsRunning(rank) || !_selection.IsTaken(rank) || !_selection.At(rank).IsOnHost) continue;
            if (!TryAdmit(_selection.At(rank), memory, plan)) break;
        }
    }

    private bool TryAdmit(Sequence sequence, IKvMemory memory, StepPlan plan)
    {
        if (!_batch.FitsAboveWatermark(sequence, sequence.TotalTokens, memory, limits) || !memory.TryGrow(sequence, sequence.TotalTokens)) return false;
        _batch.Waiting.Remove(sequence);
        _batch.Running.Add(sequence);
        plan.Add(sequence, sequence.MissingTokens);
        return true;
    }

    private void Decode(IKvMemory memory, StepPlan plan)
    {
        for (int i = 0; i < _batch.Running.Count; i++)
        {
            Sequence sequence = _batch.Running[i];
            if (sequence.InFlight || !sequence.IsDecoding) continue;
            bool grown = memory.TryGrow(sequence, sequence.TotalTokens);
            while (!grown && plan.TryReclaimPaused()) grown = memory.TryGrow(sequence, sequence.TotalTokens);
            if (grown) plan.Add(sequence, 1);
        }
    }
}
