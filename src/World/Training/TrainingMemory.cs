using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.World.Deployments;
using Orrery.World.Models;

namespace Orrery.World.Training;

/// <summary>Memory that finetuning needs beside the frozen weights, per device, in closed form.</summary>
/// <remarks>
/// Source: FlexLLM, arXiv 2402.18789; the rules by operator (a, as summarised) with widths counted here (d). A frozen product y = Wx needs
/// only W for its input gradient, so x is not kept. Kept are the inputs of both norms, queries, keys and values, one 32-bit softmax
/// statistic per head, the feed-forward part before its activation, the adapter's input and its inner vector. The vocabulary
/// projection computes loss and input gradient in the forward pass, so logits are not kept either. With tensor parallelism everything but
/// the residual stream is cut; sliding windows are not taken into account.
/// </remarks>
/// <param name="ActivationsPerToken">Kept activations of one token over all layers, without its share of matrices that grow with the sequence.</param>
/// <param name="Activations">Kept activations of a whole sequence.</param>
/// <param name="Adapters">Adapter weights in 16 bit, gradients in 32 bit, and the optimizer's master weights and two moments in 32 bit.</param>
/// <param name="Accumulators">dK and dV of one layer in 32 bit: every later window adds to those of earlier tokens.</param>
/// <param name="Gradients">Gradient of the residual stream between two layers: one being read, one being written.</param>
public sealed record TrainingMemory(Bytes ActivationsPerToken, Bytes Activations, Bytes Adapters, Bytes Accumulators, Bytes Gradients)
{
    /// <summary>Bytes of a 32-bit number.</summary>
    internal const int WideBytes = 4;

    /// <summary>Bytes of an adapter parameter: 16-bit weight, 32-bit gradient, master weight and two moments (mixed-precision Adam, c).</summary>
    internal const int BytesPerParameter = 2 + (4 * WideBytes);

    /// <summary>A stored logit in 16 bit and its softmax in 32 bit (d).</summary>
    private const int StoredLogitBytes = 2 + WideBytes;

    /// <summary>Everything: the reservation for one sequence.</summary>
    public Bytes Total => Activations + Adapters + Accumulators + Gradients;

    /// <exception cref="InputException">The model or its cut is not modelled; the sentence says why.</exception>
    public static TrainingMemory Of(Deployment deployment, AdapterTraining training)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        ArgumentNullException.ThrowIfNull(training);
        Validate(deployment);
        ModelSpec model = deployment.Model;
        long tokens = training.SequenceTokens;
        double element = deployment.Precision.BytesPerActivation;
        double perToken = (model.Layers * LayerBytesPerToken(deployment, training)) + LogitBytesPerToken(deployment, training);
        double matrices = training.Kept == KeptActivations.Stored ? 2.0 * deployment.Shards.Heads * tokens * tokens * element * model.Layers : 0;
        long kvElements = 2L * deployment.Shards.KvHeads * model.HeadWidth;
        return new(
            new((long)perToken),
            new((long)((perToken * tokens) + matrices)),
            new(AdapterParameters(deployment, training.Rank) * BytesPerParameter),
            new(tokens * kvElements * WideBytes),
            new((long)(2 * tokens * model.Hidden * element)));
    }

    /// <summary>Adapter parameters of a device over all layers: the inner matrix is cut like the rows of the down projection, the outer one held whole.</summary>
    internal static long AdapterParameters(Deployment deployment, int rank) =>
        (long)deployment.Model.Layers * rank * (deployment.Model.Hidden + FeedForwardWidth(deployment));

    /// <summary>Inner width of the feed-forward part on one device.</summary>
    internal static int FeedForwardWidth(Deployment deployment) =>
        (deployment.Model.FfnWidth + deployment.Parallel.Tensor - 1) / deployment.Parallel.Tensor;

    private static double LayerBytesPerToken(Deployment deployment, AdapterTraining training)
    {
        ModelSpec model = deployment.Model;
        double hidden = model.Hidden;
        double query = (double)deployment.Shards.Heads * model.HeadWidth;
        double keysAndValues = 2.0 * deployment.Shards.KvHeads * model.HeadWidth;
        double width = FeedForwardWidth(deployment);
        double before = model.Gated ? 2 * width : width;
        double statistics = (double)deployment.Shards.Heads * WideBytes;
        double elements = training.Kept switch
        {
            // Two norms in and out, projections, rotated queries and keys, attention and its projection, feed-forward with every
            // step of its activation, adapter inside and outside, output.
            KeptActivations.Stored => (4 * hidden) + query + keysAndValues + query + (keysAndValues / 2) + query + hidden
                + before + (model.Gated ? 2 * width : width) + training.Rank + (2 * hidden),
            KeptActivations.Pruned => (2 * hidden) + query + keysAndValues + before + width + training.Rank,
            _ => (2 * hidden) + query + keysAndValues + before + training.Rank,
        };
        return (elements * deployment.Precision.BytesPerActivation) + (training.Kept == KeptActivations.Stored ? 0 : statistics);
    }

    private static double LogitBytesPerToken(Deployment deployment, AdapterTraining training) => training.Kept == KeptActivations.Stored
        ? (double)deployment.Model.Vocabulary / deployment.Parallel.Tensor * StoredLogitBytes
        : 0;

    private static void Validate(Deployment deployment)
    {
        ModelSpec model = deployment.Model;
        if (model.Experts is not null) throw new InputException($"finetune: adapters on the experts of {model.Name} are not modelled; choose a model without experts or leave the key out");
        if (model.Latent is not null) throw new InputException($"finetune: the backward pass of latent attention ({model.Name}) is not modelled; choose another model or leave the key out");
        if (deployment.Parallel.Pipeline > 1) throw new InputException("finetune: a backward pass against the direction of pipeline stages is not modelled; write pipeline: 1 or leave the key out");
        if (deployment.Parallel.Data > 1) throw new InputException("finetune: one training sequence lives on one data rank; write data: 1 or leave the key out");
    }
}
