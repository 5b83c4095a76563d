using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.World.Tests.Models;

public sealed class HuggingFaceConfigTests
{
    public static TheoryData<string, string> Configs => new()
    {
        { "llama-3.1-8b", """{"model_type":"llama","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"intermediate_size":14336,"vocab_size":128256,"max_position_embeddings":131072,"tie_word_embeddings":false,"rope_scaling":{"factor":8.0}}""" },
        { "llama-2-7b", """{"model_type":"llama","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"intermediate_size":11008,"vocab_size":32000,"max_position_embeddings":4096}""" },
        { "mistral-7b-v0.1", """{"model_type":"mistral","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"intermediate_size":14336,"vocab_size":32000,"max_position_embeddings":32768,"sliding_window":4096}""" },
        { "mistral-7b", """{"model_type":"mistral","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"intermediate_size":14336,"vocab_size":32000,"max_position_embeddings":32768,"sliding_window":null}""" },
        { "mixtral-8x7b", """{"model_type":"mixtral","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"intermediate_size":14336,"vocab_size":32000,"max_position_embeddings":32768,"num_local_experts":8,"num_experts_per_tok":2,"sliding_window":null}""" },
        { "qwen2.5-7b", """{"model_type":"qwen2","hidden_size":3584,"num_hidden_layers":28,"num_attention_heads":28,"num_key_value_heads":4,"intermediate_size":18944,"vocab_size":152064,"max_position_embeddings":131072,"sliding_window":131072,"use_sliding_window":false}""" },
        { "qwen3-32b", """{"model_type":"qwen3","hidden_size":5120,"num_hidden_layers":64,"num_attention_heads":64,"num_key_value_heads":8,"head_dim":128,"intermediate_size":25600,"vocab_size":151936,"max_position_embeddings":40960}""" },
        { "qwen3-30b-a3b", """{"model_type":"qwen3_moe","hidden_size":2048,"num_hidden_layers":48,"num_attention_heads":32,"num_key_value_heads":4,"head_dim":128,"intermediate_size":6144,"moe_intermediate_size":768,"num_experts":128,"num_experts_per_tok":8,"decoder_sparse_step":1,"vocab_size":151936,"max_position_embeddings":40960}""" },
        { "gemma-7b", """{"model_type":"gemma","hidden_size":3072,"num_hidden_layers":28,"num_attention_heads":16,"num_key_value_heads":16,"head_dim":256,"intermediate_size":24576,"vocab_size":256000,"max_position_embeddings":8192}""" },
        { "gemma-2-9b", """{"model_type":"gemma2","hidden_size":3584,"num_hidden_layers":42,"num_attention_heads":16,"num_key_value_heads":8,"head_dim":256,"intermediate_size":14336,"vocab_size":256000,"max_position_embeddings":8192,"sliding_window":4096}""" },
        { "gemma-3-4b", """{"model_type":"gemma3","text_config":{"model_type":"gemma3_text","hidden_size":2560,"num_hidden_layers":34,"intermediate_size":10240,"sliding_window":1024}}""" },
        { "opt-13b", """{"model_type":"opt","hidden_size":5120,"num_hidden_layers":40,"num_attention_heads":40,"ffn_dim":20480,"vocab_size":50272,"max_position_embeddings":2048}""" },
        { "falcon-7b", """{"model_type":"falcon","hidden_size":4544,"num_hidden_layers":32,"num_attention_heads":71,"multi_query":true,"parallel_attn":true,"vocab_size":65024}""" },
        { "falcon-180b", """{"model_type":"falcon","hidden_size":14848,"num_hidden_layers":80,"num_attention_heads":232,"num_kv_heads":8,"new_decoder_architecture":true,"vocab_size":65024}""" },
        { "gpt-neox-20b", """{"model_type":"gpt_neox","hidden_size":6144,"num_hidden_layers":44,"num_attention_heads":64,"intermediate_size":24576,"vocab_size":50432,"max_position_embeddings":2048}""" },
        { "gpt-j-6b", """{"model_type":"gptj","n_embd":4096,"n_layer":28,"n_head":16,"n_inner":null,"vocab_size":50400,"n_positions":2048}""" },
        { "bloom-176b", """{"model_type":"bloom","n_embed":14336,"n_layer":70,"num_attention_heads":112,"vocab_size":250880,"seq_length":2048}""" },
        { "phi-2", """{"model_type":"phi","hidden_size":2560,"num_hidden_layers":32,"num_attention_heads":32,"intermediate_size":10240,"vocab_size":51200,"max_position_embeddings":2048}""" },
        { "phi-3-mini", """{"model_type":"phi3","hidden_size":3072,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,"intermediate_size":8192,"vocab_size":32064,"max_position_embeddings":4096}""" },
        { "deepseek-v3", """{"model_type":"deepseek_v3","hidden_size":7168,"num_hidden_layers":61,"num_attention_heads":128,"q_lora_rank":1536,"kv_lora_rank":512,"qk_rope_head_dim":64,"qk_nope_head_dim":128,"v_head_dim":128,"n_routed_experts":256,"num_experts_per_tok":8,"n_shared_experts":1,"moe_intermediate_size":2048,"intermediate_size":18432,"first_k_dense_replace":3,"moe_layer_freq":1,"vocab_size":129280,"max_position_embeddings":163840}""" },
        { "deepseek-v2", """{"model_type":"deepseek_v2","hidden_size":5120,"num_hidden_layers":60,"num_attention_heads":128,"q_lora_rank":1536,"kv_lora_rank":512,"qk_rope_head_dim":64,"qk_nope_head_dim":128,"v_head_dim":128,"n_routed_experts":160,"num_experts_per_tok":6,"n_shared_experts":2,"moe_intermediate_size":1536,"intermediate_size":12288,"first_k_dense_replace":1,"vocab_size":102400,"max_position_embeddings":131072}""" },
        { "dbrx", """{"model_type":"dbrx","d_model":6144,"n_layers":40,"n_heads":48,"attn_config":{"kv_n_heads":8},"ffn_config":{"ffn_hidden_size":10752,"moe_num_experts":16,"moe_top_k":4},"vocab_size":100352,"max_seq_len":32768}""" },
        { "gpt-oss-20b", """{"model_type":"gpt_oss","hidden_size":2880,"num_hidden_layers":24,"num_attention_heads":64,"num_key_value_heads":8,"head_dim":64,"intermediate_size":2880,"num_local_experts":32,"num_experts_per_tok":4,"sliding_window":128,"vocab_size":201088,"max_position_embeddings":131072}""" },
        { "llama-4-maverick", """{"model_type":"llama4","text_config":{"model_type":"llama4_text","hidden_size":5120,"num_hidden_layers":48,"num_attention_heads":40,"num_key_value_heads":8,"head_dim":128,"intermediate_size":8192,"intermediate_size_mlp":16384,"num_local_experts":128,"num_experts_per_tok":1,"interleave_moe_layer_step":2,"attention_chunk_size":8192,"vocab_size":202048,"max_position_embeddings":1048576}}""" },
    };

    [Theory]
    [MemberData(nameof(Configs))]
    public void A_published_config_gives_the_catalogue_model(string name, string json)
    {
        ModelSpec expected = Catalog.Model(name);
        ModelSpec read = HuggingFaceConfig.Read(Document.Parse(json, "config.json"), name);
        // Width of dense layers is written down even where no layer is dense.
        int ffnWidth = expected.ExpertLayers == expected.Layers ? expected.FfnWidth : read.FfnWidth;
        Assert.Equal(
            expected with { Source = "", Aliases = [], PublishedBillions = null, PublishedActiveBillions = null },
            read with { Source = "", Aliases = [], FfnWidth = ffnWidth });
        Assert.Equal(expected.TotalParameters, read.TotalParameters);
    }

    private const string Small = "\"hidden_size\":4096,\"num_hidden_layers\":32,\"num_attention_heads\":32,\"intermediate_size\":11008,\"vocab_size\":32000,\"max_position_embeddings\":40960";

    [Theory]
    [InlineData("null", 40960)]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":32768}""", 131072)]
    [InlineData("""{"type":"yarn","factor":4.0,"original_max_position_embeddings":10240}""", 40960)]
    [InlineData("""{"rope_type":"llama3","factor":8.0,"original_max_position_embeddings":8192}""", 40960)]
    [InlineData("""{"type":"linear","factor":8.0}""", 40960)]
    public void Stretched_positions_make_longer_sequences(string rope, int expected) =>
        Assert.Equal(expected, Read("{\"model_type\":\"qwen3\",\"rope_scaling\":" + rope + "," + Small + "}").MaxPositions);

    [Fact]
    public void A_model_that_sees_is_its_language_model()
    {
        ModelSpec plain = Read("{\"model_type\":\"qwen3\"," + Small + "}");
        ModelSpec nested = Read("{\"model_type\":\"qwen9_vl\",\"text_config\":{\"model_type\":\"qwen3\"," + Small + "},\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4}}");
        Assert.Equal(plain with { Source = "", Quantization = "awq, 4 bits" }, nested with { Source = "" });
    }

    private static ModelSpec Read(string json) => HuggingFaceConfig.Read(Document.Parse(json, "config.json"), "m");

    [Theory]
    [InlineData("""{"model_type":"llama","hidden_size":100000000,"num_hidden_layers":32,"num_attention_heads":100000000,"head_dim":100000000,"intermediate_size":9,"vocab_size":9,"max_position_embeddings":9}""", "parameters")]
    [InlineData("""{"model_type":"llama","hidden_size":8,"num_hidden_layers":100000000,"num_attention_heads":1,"intermediate_size":9,"vocab_size":9,"max_position_embeddings":9}""", "layers")]
    [InlineData("""{"hidden_size":8}""", "model_type")]
    [InlineData("""{"model_type":"lama"}""", "'llama'")]
    [InlineData("""{"model_type":"llama","hidden_size":4096}""", "num_attention_heads")]
    [InlineData("""{"model_type":"dbrx","d_model":6144}""", "ffn_config")]
    [InlineData("""{"model_type":"llama","hidden_size":"wide"}""", "hidden_size")]
    [InlineData("""[1]""", "mapping")]
    public void A_bad_config_gets_a_sentence(string json, string mentions)
    {
        InputException error = Assert.Throws<InputException>(() => HuggingFaceConfig.Read(Document.Parse(json, "config.json"), "m"));
        Assert.StartsWith("config.json:1:", error.Message, StringComparison.Ordinal);
        Assert.Contains(mentions, error.Message, StringComparison.Ordinal);
    }
}
