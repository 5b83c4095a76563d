using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.World.Models;

namespace Orrery.World.Deployments;

/// <summary>KV blocks of a replica from memory arithmetic, with every part for printing. Bytes are per device of the tightest stage.</summary>
/// <remarks>
/// blocks = floor((utilization × usable memory − weights − activation peak − communication buffers − runtime) / (block × KV per token)), the
/// minimum over pipeline stages, times the data ranks (Kwon et al. 2023). Layers with a sliding window are counted in full, as an allocator
/// with one block size for all layers must.
/// </remarks>
/// <param name="Blocks">Blocks of the replica; a block holds the KV of its tokens on all layers and devices.</param>
/// <param name="BlockTokens">Tokens of a block.</param>
/// <param name="Stage">The tightest pipeline stage, from 0.</param>
/// <param name="Usable">Memory of a device that programs can allocate.</param>
/// <param name="Budget">Utilization × usable.</param>
/// <param name="Weights">Weights of a device, a draft model's included.</param>
/// <param name="Activations">Peak of activations and logits.</param>
/// <param name="Collectives">Communication buffers; zero for one device.</param>
/// <param name="Runtime">Context, graphs, workspaces.</param>
/// <param name="Kv">What remains for the KV cache.</param>
/// <param name="KvPerBlock">KV bytes of one block on one device, a draft model's included.</param>
public sealed record KvCapacity(
    long Blocks,
    int BlockTokens,
    int Stage,
    Bytes Usable,
    Bytes Budget,
    Bytes Weights,
    Bytes Activations,
    Bytes Collectives,
    Bytes Runtime,
    Bytes Kv,
    Bytes KvPerBlock)
{
    /// <summary>Default share of device memory that an engine takes (vLLM: 0.90, b).</summary>
    public const double DefaultUtilization = 0.9;

    /// <summary>Default tokens of a block (vLLM: 16, b).</summary>
    public const int DefaultBlockTokens = 16;

    /// <summary>Bytes per logit while sampling: one 16-bit and one 32-bit copy (d).</summary>
    private const double LogitBytes = 6;

    /// <summary>Residual, normed input and one product's input and output are alive together (d).</summary>
    private const double HiddenCopies = 4;

    private const int LargestSuggestedDegree = 1024;

    /// <summary>Memory of a device that is set aside for other work than inference.</summary>
    public Bytes Reserved { get; init; }

    /// <summary>Tokens that the replica can hold.</summary>
    public long Tokens => Blocks * BlockTokens;

    /// <param name="deployment">What the replica runs on.</param>
    /// <param name="utilization">Share of usable memory that the engine takes, in (0, 1].</param>
    /// <param name="blockTokens">Tokens of a block.</param>
    /// <param name="maxBatchedTokens">Most tokens of a step: decides the activation peak.</param>
    /// <param name="maxSequences">Most sequences of a step: decides the logits.</param>
    /// <param name="reserved">Memory of a device that is set aside for other work, such as training.</param>
    /// <param name="draft">A draft model beside it on the same devices, cut the same way: its weights and its KV of every token take memory too.</param>
    /// <param name="trainingTokens">Most tokens of a training sequence that a step computes beside those of inference.</param>
    /// <exception cref="InputException">The weights do not fit; the sentence says by how much and which tensor degree would.</exception>
    public static KvCapacity Of(
        Deployment deployment,
        double utilization = DefaultUtilization,
        int blockTokens = DefaultBlockTokens,
        int maxBatchedTokens = 2048,
        int maxSequences = 256,
        Bytes reserved = default,
        Deployment? draft = null,
        int trainingTokens = 0)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        if (utilization is not (> 0 and <= 1)) throw new InputException($"utilization: {utilization:0.###} is not a share of memory; use a number above 0 and at most 1, usually 0.9");
        if (blockTokens < 1) throw new InputException($"blockTokens: a block must hold at least 1 token, not {blockTokens}; 16 is usual");
        KvCapacity capacity = Measure(deployment, utilization, blockTokens, maxBatchedTokens + trainingTokens, maxSequences, reserved, draft);
        if (capacity.Blocks > 0) return capacity;
        bool trainingIsTooLong = trainingTokens > 0 && Measure(deployment, utilization, blockTokens, maxBatchedTokens, maxSequences, default, draft).Blocks > 0;
        throw DoesNotFit(deployment, capacity, utilization, blockTokens, maxBatchedTokens + trainingTokens, maxSequences, draft, trainingIsTooLong);
    }

    /// <summary>
    /// A capacity that somebody published, in place of the arithmetic: weights and KV are what they are, nothing else is counted.
    /// </summary>
    /// <param name="deployment">What the replica runs on.</param>
    /// <param name="tokens">Tokens that it holds.</param>
    /// <param name="blockTokens">Tokens of a block.</param>
    public static KvCapacity Stated(Deployment deployment, long tokens, int blockTokens)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        ParallelPlan plan = deployment.Parallel;
        long blocks = tokens / blockTokens;
        Bytes weights = deployment.Shards.WeightBytes(plan.Pipeline - 1);
        Bytes perBlock = deployment.Shards.KvBytesPerToken(plan.Pipeline - 1) * blockTokens;
        Bytes kv = perBlock * (blocks / plan.Data);
        return new(blocks, blockTokens, plan.Pipeline - 1, deployment.Device.UsableMemory, weights + kv, weights, default, default, default, kv, perBlock);
    }

    private static KvCapacity Measure(
        Deployment deployment, double utilization, int blockTokens, int maxBatchedTokens, int maxSequences, Bytes reserved, Deployment? draft)
    {
        ParallelPlan plan = deployment.Parallel;
        Bytes usable = deployment.Device.UsableMemory;
        Bytes budget = new((long)(utilization * usable.Count));
        Bytes collectives = new(plan.Devices > 1 ? (long)deployment.Engine.CollectiveBufferBytes : 0);
        Bytes runtime = new((long)deployment.Engine.RuntimeBytesOn(usable.Count));
        Bytes activations = ActivationPeak(deployment, maxBatchedTokens, maxSequences);
        KvCapacity? tightest = null;
        for (int stage = 0; stage < plan.Pipeline; stage++)
        {
            Bytes weights = deployment.Shards.WeightBytes(stage);
            Bytes perToken = deployment.Shards.KvBytesPerToken(stage);
            if (draft is not null)
            {
                weights += draft.Shards.WeightBytes(stage);
                perToken += draft.Shards.KvBytesPerToken(stage);
            }
            Bytes kv = budget - weights - activations - collectives - runtime - reserved;
            Bytes perBlock = perToken * blockTokens;
            long blocks = kv.Count > 0 ? kv.Count / perBlock.Count * plan.Data : 0;
            // Among stages that hold nothing the one that lacks most decides.
            if (tightest is null || blocks < tightest.Blocks || (blocks == 0 && kv < tightest.Kv))
                tightest = new(blocks, blockTokens, stage, usable, budget, weights, activations, collectives, runtime, kv, perBlock) { Reserved = reserved };
        }
        return tightest!;
    }

    private static Bytes ActivationPeak(Deployment deployment, int maxBatchedTokens, int maxSequences)
    {
        ModelSpec model = deployment.Model;
        ParallelPlan plan = deployment.Parallel;
        double tokens = Math.Ceiling((double)maxBatchedTokens / plan.Data);
        double width = Math.Max(model.FfnWidth, model.Experts is { } e ? (e.TopK * e.Width) + (e.Shared * e.SharedWidth) : 0);
        double inner = (model.Gated ? 3 : 2) * width / plan.Tensor;
        double heads = (double)deployment.Shards.Heads * model.HeadWidth * 3;
        double perToken = ((HiddenCopies * model.Hidden) + Math.Max(inner, heads)) * deployment.Precision.BytesPerActivation;
        double logits = Math.Min(maxSequences, maxBatchedTokens) * (double)model.Vocabulary * LogitBytes;
        return new((long)((tokens * perToken) + logits));
    }

    private static InputException DoesNotFit(
        Deployment deployment, KvCapacity capacity, double utilization, int blockTokens, int maxBatchedTokens, int maxSequences, Deployment? draft, bool trainingIsTooLong)
    {
        Bytes missing = capacity.KvPerBlock - capacity.Kv;
        ParallelPlan plan = deployment.Parallel;
        string advice = "no tensor degree would fit; use a device with more memory or lower precision";
        for (int tensor = plan.Tensor + 1; tensor <= Math.Min(deployment.Model.Heads, LargestSuggestedDegree); tensor++)
        {
            if (deployment.Model.Heads % tensor != 0 || tensor * plan.Data % plan.Expert != 0) continue;
            if (draft is not null && draft.Model.Heads % tensor != 0) continue;
            if (Measure(Widen(deployment, tensor), utilization, blockTokens, maxBatchedTokens, maxSequences, capacity.Reserved, draft is null ? null : Widen(draft, tensor)).Blocks == 0) continue;
            advice = $"tensor: {tensor} would fit";
            break;
        }
        if (trainingIsTooLong) advice = "without finetuning it fits; write fewer sequenceTokens there, or activations: rematerialised, which keeps least";
        string reserved = capacity.Reserved.Count > 0 ? $", reserved {capacity.Reserved}" : "";
        return new InputException(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{deployment.Model.Name}{(draft is null ? "" : $" with the draft model {draft.Model.Name}")} does not fit {deployment.Device.Name} with {plan}: {missing.Count / 1e9:0.0} GB are missing per device (weights {capacity.Weights}, activations {capacity.Activations}, runtime {capacity.Runtime + capacity.Collectives}{reserved} of {capacity.Budget} = utilization {utilization:0.##} of {capacity.Usable}); {advice}"))
        { IsInfeasible = true };
    }

    private static Deployment Widen(Deployment deployment, int tensor) => Deployment.Create(
        deployment.Model, deployment.Device, deployment.Parallel with { Tensor = tensor }, deployment.Precision, deployment.Interconnect, deployment.Profile, deployment.Engine);
}
