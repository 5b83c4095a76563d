using Orrery.Kernel.Time;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Cost;

/// <summary>
/// Time of a step on one replica's device group, broken into resource terms. Implementations: the analytic roofline; measured tables
/// and fitted profiles plug in here. Deterministic, no I/O.
/// </summary>
public interface ICostModel
{
    /// <summary>A reusable evaluator. A replica holds one per step in flight and re-prepares it, so the hot loop allocates nothing.</summary>
    StepCost CreateStep();

    /// <summary>Pipeline stages a step passes through one after the other (1 without pipeline parallelism).</summary>
    int PipelineStages { get; }

    /// <summary>
    /// Kinds of operators of which a step since the start lay beyond what was measured, so that the ratio of the edge was kept; in order.
    /// </summary>
    IReadOnlyList<ProfileFamily> Extrapolated => [];
}

/// <summary>
/// The cost of a prepared step and of the identical steps that may follow it. In a *stable run* the composition stays and each decode's
/// context grows by one per step; <c>k</c> counts from 0. Everything returned is a pure function of (prepared shape, k): fast-forward
/// sums it in one loop and must equal single steps bit for bit.
/// </summary>
public abstract class StepCost
{
    /// <summary>Looks up everything that stays constant over the run. The shape may be cleared afterwards.</summary>
    public abstract void Prepare(StepShape shape);

    /// <summary>Elapsed time of step k from entry to the last stage's exit; with one pipeline stage this is the step time.</summary>
    public abstract Duration At(int k);

    /// <summary>Time that step k holds each pipeline stage; equals <see cref="At"/> with one stage. The next step may enter after it.</summary>
    public abstract Duration StageAt(int k);

    /// <summary>The same of one stage, from 0, where stages are known to differ; else that of the slowest.</summary>
    public virtual Duration StageAt(int k, int stage) => StageAt(k);

    /// <summary>FLOP done by step k over the whole device group, rounded to whole FLOP; linear in k (until a sliding window saturates). Wide: one prompt of ten million tokens has 10^19.</summary>
    public abstract Int128 FlopsAt(int k);

    /// <summary>Bytes read from and written to device memory by step k over the whole device group; linear in k (until a sliding window saturates).</summary>
    public abstract long MemoryBytesAt(int k);

    /// <summary>FLOP and bytes of the first <paramref name="steps"/> steps; a closed form must equal the sum exactly.</summary>
    public virtual (Int128 Flops, Int128 MemoryBytes) Totals(int steps)
    {
        Int128 flops = 0;
        Int128 bytes = 0;
        for (int k = 0; k < steps; k++)
        {
            flops += FlopsAt(k);
            bytes += MemoryBytesAt(k);
        }
        return (flops, bytes);
    }

    /// <summary>The resource terms of step k, for execution styles that overlap or offload them, and for reports.</summary>
    public abstract StepTerms TermsAt(int k);
}

/// <summary>Busy seconds of each resource in one step. How they combine into elapsed time is the execution style's choice.</summary>
/// <param name="ComputeSeconds">Tensor and vector units.</param>
/// <param name="MemorySeconds">Device memory (HBM).</param>
/// <param name="HostMemorySeconds">Host DRAM, for offloaded state.</param>
/// <param name="PcieSeconds">Host to device link.</param>
/// <param name="NetworkSeconds">Interconnect between devices: collectives and stage hand-over.</param>
/// <param name="LaunchSeconds">Kernel launches and CPU work between steps.</param>
/// <param name="ElapsedSeconds">The step time these terms combine to, sequentially per operator.</param>
public readonly record struct StepTerms(
    double ComputeSeconds,
    double MemorySeconds,
    double HostMemorySeconds,
    double PcieSeconds,
    double NetworkSeconds,
    double LaunchSeconds,
    double ElapsedSeconds);
