using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Models;

public sealed class ModelConfigTests
{
    [Fact]
    public void Gemma2_has_caps_a_scaled_embedding_and_every_second_layer_local()
    {
        TinyModel tiny = TinyModel.Of("gemma2", layers: 4);
        tiny.Remove("attention.sliding_window");
        ModelConfig config = Read(tiny);
        Assert.Equal([4096, 0, 4096, 0], config.Windows);
        Assert.Equal(50f, config.AttentionSoftCap);
        Assert.Equal(30f, config.LogitSoftCap);
        Assert.Equal(8f, config.EmbeddingScale);
        Assert.Equal(0.25f, config.AttentionScale);
        Assert.Equal(RotaryStyle.Halves, config.Rope.Style);
    }

    [Fact]
    public void Gemma3_has_five_local_layers_to_one_and_a_rotary_base_for_each_kind()
    {
        TinyModel tiny = TinyModel.Of("gemma3", layers: 7);
        tiny.Set("rope.scaling.type", "linear");
        tiny.Set("rope.scaling.factor", 8f);
        ModelConfig config = Read(tiny);
        Assert.Equal([5, 5, 5, 5, 5, 0, 5], config.Windows);
        Assert.Equal((1e6, 8.0), (config.RopeOf(5).FrequencyBase, config.RopeOf(5).LinearFactor));
        Assert.Equal((10000.0, 1.0), (config.RopeOf(0).FrequencyBase, config.RopeOf(0).LinearFactor));
        Assert.Equal((0f, 0f), (config.AttentionSoftCap, config.LogitSoftCap));
    }

    [Theory]
    [InlineData("gemma2", 46)]
    [InlineData("gemma3", 62)]
    public void The_27B_gemmas_scale_scores_by_width_over_heads(string architecture, int layers)
    {
        TinyModel tiny = TinyModel.Of(architecture);
        tiny.Set("block_count", layers);
        tiny.Set("attention.key_length", 128);
        Assert.Equal(1f / MathF.Sqrt(64 / 4), Read(tiny).AttentionScale);
        tiny.Set("block_count", layers - 1);
        Assert.Equal(1f / MathF.Sqrt(128), Read(tiny).AttentionScale);
    }

    [Theory]
    [InlineData("llama", RotaryStyle.Interleaved)]
    [InlineData("qwen2", RotaryStyle.Halves)]
    [InlineData("qwen3", RotaryStyle.Halves)]
    [InlineData("phi3", RotaryStyle.Halves)]
    public void Only_llama_pairs_neighbours(string architecture, RotaryStyle style) => Assert.Equal(style, Read(TinyModel.Of(architecture)).Rope.Style);

    [Theory]
    [InlineData(32, 4096, 2047)]
    [InlineData(40, 131072, 131072)]
    [InlineData(40, 16384, 0)]
    public void Phi3_files_without_a_window_have_their_cards_one(int layers, int context, int window)
    {
        TinyModel tiny = TinyModel.Of("phi3");
        tiny.Remove("attention.sliding_window");
        tiny.Set("block_count", layers);
        tiny.Set("context_length", context);
        Assert.All(Read(tiny).Windows, each => Assert.Equal(window, each));
    }

    [Theory]
    [InlineData(64, 1f)]
    [InlineData(65, 2f)]
    public void Phi3_takes_long_factors_when_the_sequence_passes_the_original_context(int length, float factor)
    {
        TinyModel tiny = TinyModel.Of("phi3");
        tiny.Set("rope.scaling.original_context_length", 64);
        tiny.Set("rope.scaling.attn_factor", 1.19f);
        tiny.Tensors["rope_factors_short.weight"] = new TinyTensor(TensorType.F32, [8]) { Values = [1, 1, 1, 1, 1, 1, 1, 1] };
        tiny.Tensors["rope_factors_long.weight"] = new TinyTensor(TensorType.F32, [8]) { Values = [2, 2, 2, 2, 2, 2, 2, 2] };
        using GgufFile file = tiny.Open();
        ModelConfig config = ModelConfig.Read(file, length);
        Assert.Equal(factor, config.Rope.Divisors![0]);
        Assert.Equal(1.19f, (float)config.Rope.AttentionFactor);
    }

    [Fact]
    public void Yarn_is_read_with_its_original_context()
    {
        TinyModel tiny = TinyModel.Of("qwen2");
        tiny.Set("rope.scaling.type", "yarn");
        tiny.Set("rope.scaling.factor", 4f);
        tiny.Set("rope.scaling.original_context_length", 64);
        RotarySettings rope = Read(tiny).Rope;
        Assert.Equal(new YarnScaling(4, 64), rope.Yarn);
        Assert.Equal(1, rope.LinearFactor);
    }

    [Fact]
    public void A_value_given_per_layer_is_taken_when_all_are_equal()
    {
        TinyModel tiny = TinyModel.Of("llama");
        tiny.Set("attention.head_count_kv", new[] { 2, 2 });
        Assert.Equal(2, Read(tiny).KvHeads);
    }

    public static TheoryData<string, string, object?, string> WrongKeys => new()
    {
        { "llama", "block_count", 0, "between 1 and" },
        { "llama", "block_count", 1_000_000, "between 1 and" },
        { "llama", "block_count", null, "is missing" },
        { "llama", "embedding_length", -1, "between 1 and" },
        { "llama", "attention.head_count", 0, "between 1 and" },
        { "llama", "attention.head_count", 3, "must divide" },
        { "llama", "attention.head_count_kv", 0, "between 1 and" },
        { "llama", "attention.head_count_kv", 3, "must divide the 4 heads" },
        { "llama", "attention.head_count_kv", new[] { 1, 2 }, "same for all layers" },
        { "llama", "attention.layer_norm_rms_epsilon", null, "small positive number" },
        { "llama", "attention.layer_norm_rms_epsilon", float.NaN, "small positive number" },
        { "llama", "context_length", null, "is missing" },
        { "llama", "rope.dimension_count", 15, "even" },
        { "llama", "rope.dimension_count", 18, "head size 16" },
        { "llama", "rope.freq_base", 0f, "positive number" },
        { "llama", "rope.freq_base", 1f, "greater than 1" },
        { "llama", "rope.scaling.type", "su", "none, linear, yarn" },
        { "llama", "rope.scaling.factor", -4f, "positive number" },
        { "llama", "attention.max_alibi_bias", 8f, "does not compute" },
        { "llama", "attention.causal", false, "look back" },
        { "qwen3moe", "expert_count", 0, "how many experts" },
        { "qwen3moe", "expert_used_count", 5, "between 1 and 4" },
        { "gemma3", "attention.sliding_window", null, "how far" },
        { "gemma2", "attn_logit_softcapping", -1f, "not negative" },
    };

    [Theory]
    [MemberData(nameof(WrongKeys))]
    public void A_wrong_value_is_one_sentence_that_names_file_key_and_rule(string variant, string key, object? value, string rule)
    {
        TinyModel tiny = TinyModel.Of(variant);
        if (value is null) tiny.Remove(key);
        else tiny.Set(key, value);
        string message = Assert.Throws<InputException>(() => Read(tiny)).Message;
        Assert.StartsWith("tiny.gguf: ", message, StringComparison.Ordinal);
        Assert.Contains($"{variant}.{key}", message, StringComparison.Ordinal);
        Assert.Contains(rule, message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_architecture_is_named_with_the_known_ones()
    {
        TinyModel tiny = TinyModel.Of("llama");
        tiny.Keys["general.architecture"] = "mamba";
        string message = Assert.Throws<InputException>(() => Read(tiny)).Message;
        Assert.Contains("'mamba' is not supported", message, StringComparison.Ordinal);
        foreach (ModelFamily family in ModelFamily.All) Assert.Contains(family.Name, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama", "blk.1.ffn_down.weight")]
    [InlineData("llama", "output_norm.weight")]
    [InlineData("qwen2", "blk.0.attn_k.bias")]
    [InlineData("qwen3", "blk.0.attn_q_norm.weight")]
    [InlineData("gemma2", "blk.1.post_ffw_norm.weight")]
    [InlineData("qwen3moe", "blk.1.ffn_gate_inp.weight")]
    public void A_missing_tensor_is_named(string variant, string tensor)
    {
        TinyModel tiny = TinyModel.Of(variant);
        tiny.Tensors.Remove(tensor);
        Assert.Contains($"tensor '{tensor}' is missing", Refusal(tiny), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_another_shape_is_named_with_both_shapes()
    {
        TinyModel tiny = TinyModel.Of("llama");
        tiny.Tensors["blk.1.attn_k.weight"] = new TinyTensor(TensorType.F32, [64, 33]);
        Assert.Contains("'blk.1.attn_k.weight' has the shape 64 x 33; the file's keys ask for 64 x 32", Refusal(tiny), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_nothing_uses_is_refused()
    {
        TinyModel tiny = TinyModel.Of("llama");
        tiny.Tensors["blk.0.ffn_shared.weight"] = new TinyTensor(TensorType.F32, [64, 64]);
        Assert.Contains("'blk.0.ffn_shared.weight' cannot be used", Refusal(tiny), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no token ids")]
    [InlineData("96", "token id 96 is not in the vocabulary")]
    [InlineData("-1", "token id -1 is not in the vocabulary")]
    public void Wrong_ids_are_refused(string ids, string rule)
    {
        ModelConfig config = Read(TinyModel.Of("llama"));
        int[] parsed = [.. ids.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        Assert.Contains(rule, Assert.Throws<InputException>(() => LogitProbe.Check(config, parsed, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_longer_than_the_context_is_refused()
    {
        ModelConfig config = Read(TinyModel.Of("llama"));
        int[] ids = new int[200];
        LogitProbe.Check(config, ids, 57);
        Assert.Contains("256 tokens of context", Assert.Throws<InputException>(() => LogitProbe.Check(config, ids, 58)).Message, StringComparison.Ordinal);
    }

    private static ModelConfig Read(TinyModel tiny)
    {
        using GgufFile file = tiny.Open();
        return ModelConfig.Read(file);
    }

    private static string Refusal(TinyModel tiny)
    {
        using GgufFile file = tiny.Open();
        return Assert.Throws<InputException>(() => new ReferenceModel(file)).Message;
    }
}
