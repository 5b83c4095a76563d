using Orrery.Engine.Gguf;
using Orrery.Engine.Models;

namespace Orrery.Engine.Benchmarks;

/// <summary>What one token makes a model multiply: the denominators of the ceilings.</summary>
/// <param name="DecodeBytes">Stored bytes of the matrices that a decoded token goes through, the output among them.</param>
/// <param name="DecodeWeights">How many weights those are.</param>
/// <param name="PrefillWeights">Weights for a token of a prompt: those of the layers, because only the last token needs the output.</param>
public sealed record TouchedWeights(double DecodeBytes, double DecodeWeights, double PrefillWeights)
{
    /// <summary>Counts the matrices of a file; of experts, as many as a token is sent to.</summary>
    public static TouchedWeights Of(GgufFile file, ModelConfig config)
    {
        double bytes = 0, layers = 0, output = 0;
        bool isTied = file.Find("output.weight") is null;
        foreach (GgufTensor tensor in file.Tensors)
        {
            bool isLayer = tensor.Name.StartsWith("blk.", StringComparison.Ordinal);
            bool isOutput = tensor.Name == (isTied ? "token_embd.weight" : "output.weight");
            if (tensor.Dimensions.Count < 2 || !(isLayer || isOutput)) continue;
            // Experts are stacked along the third dimension.
            double share = tensor.Dimensions.Count > 2 && config.Experts > 0 ? (double)config.ExpertsUsed / config.Experts : 1;
            double weights = share * tensor.Dimensions.Aggregate(1.0, (product, dimension) => product * dimension);
            bytes += share * tensor.ByteCount;
            if (isLayer) layers += weights;
            else output += weights;
        }
        return new TouchedWeights(bytes, layers + output, layers);
    }
}
