using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;

namespace Orrery.Engine.Making;

/// <summary>Metadata of a made model, under the keys that real files of its architecture carry.</summary>
/// <remarks>Source: keys of llama.cpp's converter (b); the values of windows and caps are those of the published models (b) unless the shape names its own.</remarks>
internal static class MadeMetadata
{
    /// <summary>Version of the block layouts.</summary>
    private const uint QuantizationVersion = 2;

    private const float AttentionSoftCap = 50;
    private const float OutputSoftCap = 30;

    public static void Write(ModelRecipe recipe, GgufWriter writer)
    {
        (MadeArchitecture architecture, ModelShape shape) = (recipe.Architecture, recipe.Shape);
        string key = architecture.Key;
        writer.Set("general.architecture", key).Set("general.type", "model")
            .Set("general.name", $"random {shape.Name} ({architecture.Name}), seed {recipe.Seed}")
            .Set("general.description", "random weights: for measuring and testing, it says nothing")
            .Set("general.file_type", FileType(recipe.Type)).Set("general.quantization_version", QuantizationVersion)
            .Set($"{key}.block_count", (uint)shape.Layers)
            .Set($"{key}.context_length", (uint)shape.Context)
            .Set($"{key}.embedding_length", (uint)shape.Width)
            .Set($"{key}.feed_forward_length", (uint)shape.FeedForward)
            .Set($"{key}.attention.head_count", (uint)shape.Heads)
            .Set($"{key}.attention.head_count_kv", (uint)shape.KvHeads)
            .Set($"{key}.attention.layer_norm_rms_epsilon", architecture.NormEpsilon)
            .Set($"{key}.rope.freq_base", architecture.RopeBase)
            .Set($"{key}.vocab_size", (uint)shape.Vocabulary);
        if (architecture.SaysRopeSize) writer.Set($"{key}.rope.dimension_count", (uint)shape.KeySize);
        // Without these keys a reader takes width / heads.
        if (architecture.SaysHeadSize || shape.KeySize * shape.Heads != shape.Width)
            writer.Set($"{key}.attention.key_length", (uint)shape.KeySize).Set($"{key}.attention.value_length", (uint)shape.KeySize);
        if (architecture.HasWindow) writer.Set($"{key}.attention.sliding_window", (uint)shape.Window);
        if (architecture.HasSoftCaps) writer.Set($"{key}.attn_logit_softcapping", AttentionSoftCap).Set($"{key}.final_logit_softcapping", OutputSoftCap);
        if (architecture.HasExperts)
        {
            writer.Set($"{key}.expert_count", (uint)shape.Experts).Set($"{key}.expert_used_count", (uint)shape.ExpertsUsed);
            if (key != "llama") writer.Set($"{key}.expert_feed_forward_length", (uint)shape.FeedForward);
        }
        if (architecture.HasByteVocabulary) MadeVocabulary.WriteBytePairs(writer, shape.Vocabulary, architecture.Pretokenizer);
        else MadeVocabulary.WritePieces(writer, shape.Vocabulary);
    }

    /// <summary>The file type's number: what most matrices are stored as (b).</summary>
    private static uint FileType(TensorType type) => type switch
    {
        TensorType.F32 => 0,
        TensorType.F16 => 1,
        TensorType.Q4_0 => 2,
        TensorType.Q4_1 => 3,
        TensorType.Q8_0 => 7,
        TensorType.Q5_0 => 8,
        TensorType.Q5_1 => 9,
        TensorType.Q2_K => 10,
        TensorType.Q3_K => 11,
        TensorType.Q4_K => 14,
        TensorType.Q5_K => 16,
        TensorType.Q6_K => 18,
        _ => 32,
    };
}
