namespace Orrery.Engine.Models;

/// <summary>Names of tensors in model files (GGUF's naming (b)). Names within a layer follow <c>blk.N.</c> and end in <c>.weight</c> or <c>.bias</c>.</summary>
internal static class TensorNames
{
    public const string Embedding = "token_embd.weight";
    public const string FinalNorm = "output_norm.weight";
    public const string Output = "output.weight";
    public const string RopeFactors = "rope_freqs.weight";
    public const string RopeLongFactors = "rope_factors_long.weight";
    public const string RopeShortFactors = "rope_factors_short.weight";

    public const string AttentionNorm = "attn_norm";
    public const string Query = "attn_q";
    public const string Key = "attn_k";
    public const string Value = "attn_v";
    public const string QueryKeyValue = "attn_qkv";
    public const string AttentionOutput = "attn_output";
    public const string QueryNorm = "attn_q_norm";
    public const string KeyNorm = "attn_k_norm";
    public const string AttentionPostNorm = "post_attention_norm";
    public const string FeedForwardNorm = "ffn_norm";
    public const string Gate = "ffn_gate";
    public const string Up = "ffn_up";
    public const string Down = "ffn_down";
    public const string FeedForwardPostNorm = "post_ffw_norm";
    public const string Router = "ffn_gate_inp";
    public const string ExpertGates = "ffn_gate_exps";
    public const string ExpertUps = "ffn_up_exps";
    public const string ExpertDowns = "ffn_down_exps";

    public static string Weight(int layer, string part) => $"blk.{layer}.{part}.weight";

    public static string Bias(int layer, string part) => $"blk.{layer}.{part}.bias";
}
