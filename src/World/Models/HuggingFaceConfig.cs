using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.World.Models;

/// <summary>Reads the architecture from a Hugging Face <c>config.json</c>. Keys that do not change sizes are ignored; defaults are those of the publishing library.</summary>
/// <remarks>Key names and defaults: the public configuration classes of the transformers library (c).</remarks>
public static class HuggingFaceConfig
{
    private delegate ModelSpec Family(ConfigKeys keys, string name);

    private static readonly Dictionary<string, Family> Families = new(StringComparer.Ordinal)
    {
        ["llama"] = (k, n) => Plain(k, n),
        ["mistral"] = (k, n) => Plain(k, n) with { Window = EveryLayerWindow(k) },
        ["mixtral"] = (k, n) => Plain(k, n) with { Experts = LocalExperts(k), FfnWidth = 0, Window = EveryLayerWindow(k) },
        ["qwen2"] = (k, n) => Plain(k, n),
        ["qwen3"] = (k, n) => Plain(k, n),
        ["qwen3_moe"] = QwenExperts,
        ["gemma"] = (k, n) => Plain(k, n, tied: true),
        ["gemma2"] = (k, n) => Plain(k, n, tied: true) with { Window = new(k.Int("sliding_window", Gemma2Window), 2) },
        ["gemma3"] = (k, n) => Gemma3(k.Inner("text_config"), n),
        ["gemma3_text"] = Gemma3,
        ["opt"] = (k, n) => Plain(k, n, gated: false, tied: true, ffnKey: "ffn_dim") with { LearnedPositions = true },
        ["falcon"] = Falcon,
        ["gpt_neox"] = (k, n) => Plain(k, n, gated: false) with { ParallelBlock = k.Bool("use_parallel_residual", true) },
        ["gptj"] = GptJ,
        ["bloom"] = Bloom,
        ["phi"] = (k, n) => Plain(k, n, gated: false) with { ParallelBlock = true },
        ["phi3"] = (k, n) => Plain(k, n),
        ["deepseek_v2"] = Latent,
        ["deepseek_v3"] = Latent,
        ["kimi_k2"] = Latent,
        ["dbrx"] = Dbrx,
        ["gpt_oss"] = (k, n) => Plain(k, n) with { Experts = LocalExperts(k), FfnWidth = 0, Window = new(k.Int("sliding_window"), 2) },
        ["llama4"] = (k, n) => Llama4(k.Inner("text_config"), n),
        ["llama4_text"] = Llama4,
    };

    private const int Gemma2Window = 4096;

    /// <summary>Values of <c>model_type</c> that are understood.</summary>
    public static IReadOnlyCollection<string> ModelTypes => Families.Keys;

    /// <param name="config">The parsed <c>config.json</c>.</param>
    /// <param name="name">Name for the model, usually the directory or repository name.</param>
    /// <exception cref="InputException">Unknown <c>model_type</c>, or a key that the architecture needs is missing or out of range.</exception>
    public static ModelSpec Read(Node config, string name)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Kind != NodeKind.Mapping) throw config.Error($"expected the mapping of a config.json, not {config.Describe()}");
        Node type = config["model_type"] ?? throw config.Error("the key 'model_type' is missing; a Hugging Face config.json names its architecture there, for example \"llama\"");
        string text = type.AsText();
        if (!Families.TryGetValue(text, out Family? family))
        {
            // Models that also see or hear nest the language model; the other parts are small and not counted.
            if (config["text_config"] is { Kind: NodeKind.Mapping } inner && inner["model_type"] is { } innerType && Families.ContainsKey(innerType.Text))
                return Read(inner, name) with { Quantization = Quantization(config) ?? Quantization(inner) };
            throw type.Error($"the architecture '{text}' is not known{Names.Suggest(text, Families.Keys)}");
        }
        return Check(config, Stretched(config, family(new ConfigKeys(config, text), name))) with { Quantization = Quantization(config) };
    }

    /// <summary>The method, with the bits where a method has several: <c>fp8</c>, <c>awq</c> with 4 bits.</summary>
    private static string? Quantization(Node config)
    {
        if (config["quantization_config"] is not { Kind: NodeKind.Mapping } quantization) return null;
        string method = quantization["quant_method"] is { Kind: NodeKind.Scalar } named ? named.Text : "unnamed method";
        return quantization["bits"] is { Kind: NodeKind.Scalar } bits ? $"{method}, {bits.Text} bits" : method;
    }

    /// <summary>With YaRN (Peng et al. 2023) the original length times the factor; other methods state the stretched length itself.</summary>
    private static ModelSpec Stretched(Node config, ModelSpec model)
    {
        if ((config["rope_scaling"] ?? config["rope_parameters"]) is not { Kind: NodeKind.Mapping } rope) return model;
        if ((rope["rope_type"] ?? rope["type"]) is not { Kind: NodeKind.Scalar, Text: "yarn" }) return model;
        if (rope["factor"] is not { } factor || rope["original_max_position_embeddings"] is not { } original) return model;
        double length = original.AsInt(1, ConfigKeys.LargestSize) * factor.AsNumber(1);
        return model with { MaxPositions = (int)Math.Clamp(length, model.MaxPositions, ConfigKeys.LargestSize) };
    }

    private static ModelSpec Check(Node config, ModelSpec model)
    {
        model.RequireCountable(config);
        if (model.Experts is { } experts && experts.TopK > experts.Count)
            throw config.Error($"a token cannot visit {experts.TopK} of {experts.Count} experts");
        if (model.KvHeads > model.Heads)
            throw config.Error($"{model.KvHeads} key/value heads are more than the {model.Heads} query heads");
        return model;
    }

    private static ModelSpec Plain(ConfigKeys keys, string name, bool gated = true, bool tied = false, string ffnKey = "intermediate_size")
    {
        int hidden = keys.Int("hidden_size");
        int heads = keys.Int("num_attention_heads");
        return new(
            name,
            keys.Int("num_hidden_layers"),
            hidden,
            heads,
            keys.Int(["num_key_value_heads"], heads),
            keys.Int(["head_dim"], Math.Max(1, hidden / heads)),
            keys.Int(ffnKey),
            gated,
            keys.Int("vocab_size"),
            keys.Bool("tie_word_embeddings", tied),
            keys.Int("max_position_embeddings"),
            keys.Source);
    }

    private static SlidingWindow? EveryLayerWindow(ConfigKeys keys) => keys.Has("sliding_window") ? new(keys.Int("sliding_window"), 0) : null;

    private static ExpertsSpec LocalExperts(ConfigKeys keys) =>
        new(keys.Int("num_local_experts"), keys.Int("num_experts_per_tok"), keys.Int("intermediate_size"));

    private static ModelSpec QwenExperts(ConfigKeys keys, string name)
    {
        int every = keys.Int(["decoder_sparse_step"], 1);
        ModelSpec model = Plain(keys, name) with
        {
            Experts = new(keys.Int("num_experts"), keys.Int("num_experts_per_tok"), keys.Int("moe_intermediate_size"), Every: every),
        };
        return every == 1 ? model with { FfnWidth = 0 } : model;
    }

    private static ModelSpec Gemma3(ConfigKeys keys, string name)
    {
        // The multimodal files leave out what equals the library's defaults.
        const int heads = 8, kvHeads = 4, headWidth = 256, vocabulary = 262208, positions = 131072, window = 4096, pattern = 6;
        return new ModelSpec(
            name,
            keys.Int("num_hidden_layers"),
            keys.Int("hidden_size"),
            keys.Int("num_attention_heads", heads),
            keys.Int("num_key_value_heads", kvHeads),
            keys.Int("head_dim", headWidth),
            keys.Int("intermediate_size"),
            Gated: true,
            keys.Int("vocab_size", vocabulary),
            keys.Bool("tie_word_embeddings", true),
            keys.Int("max_position_embeddings", positions),
            keys.Source)
        {
            Window = new(keys.Int("sliding_window", window), keys.Int("sliding_window_pattern", pattern)),
        };
    }

    private static ModelSpec Falcon(ConfigKeys keys, string name)
    {
        int hidden = keys.Int("hidden_size");
        int heads = keys.Int(["num_attention_heads", "n_head"]);
        bool grouped = keys.Bool("new_decoder_architecture", false);
        int kvHeads = grouped ? keys.Int(["num_kv_heads", "n_head_kv"], heads) : keys.Bool("multi_query", true) ? 1 : heads;
        return new ModelSpec(
            name,
            keys.Int(["num_hidden_layers", "n_layer"]),
            hidden,
            heads,
            kvHeads,
            hidden / heads,
            keys.Int("ffn_hidden_size", FourTimes(hidden)),
            Gated: false,
            keys.Int("vocab_size"),
            keys.Bool("tie_word_embeddings", true),
            keys.Int("max_position_embeddings", UsualPositions),
            keys.Source)
        {
            ParallelBlock = grouped || keys.Bool("parallel_attn", true),
        };
    }

    private static ModelSpec GptJ(ConfigKeys keys, string name)
    {
        int hidden = keys.Int("n_embd");
        int heads = keys.Int("n_head");
        return new ModelSpec(
            name, keys.Int("n_layer"), hidden, heads, heads, hidden / heads, keys.Int("n_inner", FourTimes(hidden)), Gated: false,
            keys.Int("vocab_size"), keys.Bool("tie_word_embeddings", false), keys.Int("n_positions"), keys.Source)
        {
            ParallelBlock = true,
        };
    }

    private static ModelSpec Bloom(ConfigKeys keys, string name)
    {
        int hidden = keys.Int(["hidden_size", "n_embed"]);
        int heads = keys.Int(["n_head", "num_attention_heads"]);
        return new ModelSpec(
            name, keys.Int(["n_layer", "num_hidden_layers"]), hidden, heads, heads, hidden / heads, FourTimes(hidden), Gated: false,
            keys.Int("vocab_size"), keys.Bool("tie_word_embeddings", true), keys.Int("seq_length", UsualPositions), keys.Source);
    }

    private static ModelSpec Latent(ConfigKeys keys, string name)
    {
        int expertWidth = keys.Int("moe_intermediate_size");
        int heads = keys.Int("num_attention_heads");
        LatentAttention latent = new(
            keys.Int("q_lora_rank", 0), keys.Int("kv_lora_rank"), keys.Int("qk_rope_head_dim"), keys.Int("qk_nope_head_dim"), keys.Int("v_head_dim"));
        ModelSpec model = new(
            name, keys.Int("num_hidden_layers"), keys.Int("hidden_size"), heads, heads, latent.NopeWidth + latent.RopeWidth,
            keys.Int("intermediate_size"), Gated: true, keys.Int("vocab_size"), keys.Bool("tie_word_embeddings", false),
            keys.Int("max_position_embeddings"), keys.Source);
        return model with
        {
            Latent = latent,
            Experts = new(
                keys.Int("n_routed_experts"), keys.Int("num_experts_per_tok"), expertWidth, keys.Int("n_shared_experts", 0), expertWidth,
                keys.Int("first_k_dense_replace", 0), keys.Int(["moe_layer_freq"], 1)),
        };
    }

    private static ModelSpec Dbrx(ConfigKeys keys, string name)
    {
        ConfigKeys ffn = keys.Inner("ffn_config");
        int hidden = keys.Int("d_model");
        int heads = keys.Int("n_heads");
        return new ModelSpec(
            name, keys.Int("n_layers"), hidden, heads, keys.Inner("attn_config").Int("kv_n_heads"), hidden / heads, 0, Gated: true,
            keys.Int("vocab_size"), keys.Bool("tie_word_embeddings", false), keys.Int("max_seq_len"), keys.Source)
        {
            Experts = new(ffn.Int("moe_num_experts"), ffn.Int("moe_top_k"), ffn.Int("ffn_hidden_size")),
        };
    }

    private static ModelSpec Llama4(ConfigKeys keys, string name)
    {
        const int chunk = 8192, fullEvery = 4;
        int width = keys.Int("intermediate_size");
        return Plain(keys, name, ffnKey: "intermediate_size_mlp") with
        {
            Experts = new(
                keys.Int("num_local_experts"), keys.Int("num_experts_per_tok"), width, Shared: 1, SharedWidth: width,
                Every: keys.Int(["interleave_moe_layer_step"], 1)),
            Window = new(keys.Int("attention_chunk_size", chunk), fullEvery),
        };
    }

    private const int UsualPositions = 2048;

    private static int FourTimes(int hidden) => 4 * hidden;
}
