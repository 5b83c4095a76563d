using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.World.Power;
using Orrery.World.Steps;

namespace Orrery.Serving.Replicas;

/// <summary>What one replica did, in exact integers, so that totals do not depend on how steps were grouped.</summary>
public sealed class ReplicaCounters(int totalBlocks)
{
    private Instant _busySince = Instant.Never;
    private Duration _busy;
    private WideSum _flops;
    private WideSum _memoryBytes;
    private WideSum _mixedFlops;
    private WideSum _mixedBytes;
    private Duration _mixedTime;
    private long _mixedSteps;
    private long _mixedTokens;
    private long _stepTokens;

    public long Steps { get; internal set; }

    /// <summary>Plans made; smaller than <see cref="Steps"/> when stable runs were fast-forwarded.</summary>
    public long Plans { get; internal set; }

    public long Preemptions { get; private set; }

    /// <summary>Those of them whose KV went to the host.</summary>
    public long PreemptionsToHost { get; private set; }

    /// <summary>Those of them that kept their memory.</summary>
    public long PreemptionsInPlace { get; private set; }

    public long OutputTokens { get; internal set; }

    /// <summary>Prompt tokens computed, recomputation included, cache hits not.</summary>
    public long PrefillTokens { get; internal set; }

    /// <summary>Tokens computed one at a time by decodes, of clients that had left included.</summary>
    public long DecodeTokens { get; internal set; }

    /// <summary>Tokens of training sequences whose backward pass is complete.</summary>
    public long TrainedTokens { get; private set; }

    /// <summary>Tokens of training sequences that went forward.</summary>
    public long TrainingForwardTokens { get; private set; }

    /// <summary>Tokens of training sequences that went backward, once for each layer.</summary>
    public long TrainingBackwardTokenLayers { get; private set; }

    /// <summary>Proposed tokens that were verified.</summary>
    public long DraftedTokens { get; internal set; }

    /// <summary>Those of them that were right, up to the first wrong one of each step; some may lie beyond the end of a request.</summary>
    public long AcceptedTokens { get; internal set; }

    /// <summary>Time that steps waited for copies between device and host before they computed. Part of the busy time.</summary>
    public Duration SwapWait { get; internal set; }

    public Int128 Flops => _flops.Value;

    public Int128 MemoryBytes => _memoryBytes.Value;

    public int TotalBlocks { get; } = totalBlocks;

    /// <summary>KV blocks in use over time.</summary>
    public TimeWeighted KvBlocks { get; } = new(Instant.Zero);

    /// <summary>Tokens that the KV blocks of each step's sequences have room for, summed over all steps.</summary>
    public long HeldTokens { get; private set; }

    /// <summary>Those of them that are written when the step has ended, summed over all steps.</summary>
    public long WrittenTokens { get; private set; }

    /// <summary>Most sequences of a step.</summary>
    public int LargestBatch { get; private set; }

    /// <summary>Time that steps waited for the memory, such as pages being mapped.</summary>
    public Duration MemoryWait { get; private set; }

    /// <summary>The longest such wait of one step.</summary>
    public Duration LongestMemoryWait { get; private set; }

    /// <summary>Time with at least one step in flight, up to an instant.</summary>
    public Duration Busy(Instant now) => _busySince.IsNever ? _busy : _busy + (now - _busySince);

    /// <summary>What steps that do more than decode did: prompts in them, drafts or training.</summary>
    public PhaseWork PrefillWork(Instant now) =>
        new(_mixedTime < Busy(now) ? _mixedTime : Busy(now), _mixedFlops.Value, _mixedBytes.Value, _mixedSteps, _mixedTokens);

    /// <summary>What steps of decodes alone did. Time in which both kinds were in flight, in several stages, is the other's.</summary>
    public PhaseWork DecodeWork(Instant now) => new(
        Duration.Max(Duration.Zero, Busy(now) - _mixedTime), Flops - _mixedFlops.Value, MemoryBytes - _mixedBytes.Value, Steps - _mixedSteps, _stepTokens - _mixedTokens);

    internal void AddWork(Int128 flops, Int128 memoryBytes, long tokens)
    {
        _flops.Add(flops);
        _memoryBytes.Add(memoryBytes);
        _stepTokens += tokens;
    }

    /// <summary>The part of a single step's work that is not of decodes alone, counted in <see cref="AddWork"/> already.</summary>
    internal void AddMixed(Duration time, Int128 flops, Int128 memoryBytes, long tokens)
    {
        _mixedTime += time;
        _mixedFlops.Add(flops);
        _mixedBytes.Add(memoryBytes);
        _mixedSteps++;
        _mixedTokens += tokens;
    }

    internal void AddPreemptions(StepPlan plan)
    {
        Preemptions += plan.PreemptedCount;
        PreemptionsToHost += plan.PreemptedToHostCount;
        PreemptionsInPlace += plan.PreemptedInPlaceCount;
    }

    internal void AddHeld(long heldTokens, long writtenTokens, int sequences)
    {
        HeldTokens += heldTokens;
        WrittenTokens += writtenTokens;
        LargestBatch = Math.Max(LargestBatch, sequences);
    }

    internal void AddMemoryWait(Duration wait)
    {
        MemoryWait += wait;
        LongestMemoryWait = Duration.Max(LongestMemoryWait, wait);
    }

    internal void AddTraining(TrainingWork work)
    {
        TrainedTokens += work.CompletedTokens;
        TrainingForwardTokens += work.ForwardTokens;
        TrainingBackwardTokenLayers += work.BackwardTokenLayers;
    }

    internal void BecomesBusy(Instant now) => _busySince = now;

    internal void BecomesIdle(Instant now)
    {
        _busy += now - _busySince;
        _busySince = Instant.Never;
    }
}
