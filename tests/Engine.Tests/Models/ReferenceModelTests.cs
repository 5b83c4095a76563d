using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;

namespace Orrery.Engine.Tests.Models;

/// <summary>What must hold whatever the weights are: closed forms and symmetries of each trait.</summary>
public sealed class ReferenceModelTests
{
    private static readonly int[] Ids = [3, 14, 15, 92, 65, 35, 89, 79];

    public static TheoryData<string> Variants => [.. TinyModel.Architectures];

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_token_s_logits_do_not_depend_on_what_follows(string variant)
    {
        using GgufFile file = TinyModel.Of(variant).Open();
        var model = new ReferenceModel(file);
        Assert.Equal(model.Logits(Ids)[4], model.LastLogits(Ids.AsSpan(0, 5)));
    }

    [Theory]
    [InlineData("gemma2", true)]
    [InlineData("phi3", true)]
    [InlineData("llama", false)]
    public void Beyond_the_window_nothing_is_seen(string variant, bool isWindowed)
    {
        // One layer with a window of five sees the last token and the four before it.
        using GgufFile file = TinyModel.Of(variant, layers: 1).Open();
        var model = new ReferenceModel(file);
        int[] other = [.. Ids];
        other[2] = 7;
        Assert.Equal(isWindowed, model.LastLogits(Ids).SequenceEqual(model.LastLogits(other)));
        other[3] = 7;
        Assert.False(model.LastLogits(Ids).SequenceEqual(model.LastLogits(other)));
    }

    [Fact]
    public void Fused_tensors_are_query_key_value_and_gate_up_in_this_order()
    {
        // A phi3 model and a qwen2 model of the same weights compute the same: one has them fused, the other apart (with biases of zero).
        TinyModel fused = TinyModel.Of("phi3"), apart = TinyModel.Of("qwen2").WithValues();
        fused.Remove("attention.sliding_window");
        foreach ((_, TinyTensor tensor) in apart.Tensors.Where(pair => pair.Key.EndsWith("bias", StringComparison.Ordinal))) Array.Clear(tensor.Values!);
        float[] Of(string name) => apart.Tensors[name].Values!;
        foreach ((string name, TinyTensor tensor) in fused.Tensors.ToArray())
        {
            string blk = name.Split("attn_qkv")[0].Split("ffn_up")[0];
            float[] values = name.EndsWith("attn_qkv.weight", StringComparison.Ordinal) ? [.. Of(blk + "attn_q.weight"), .. Of(blk + "attn_k.weight"), .. Of(blk + "attn_v.weight")]
                : name.EndsWith("ffn_up.weight", StringComparison.Ordinal) ? [.. Of(blk + "ffn_gate.weight"), .. Of(blk + "ffn_up.weight")]
                : Of(name == "output.weight" ? "token_embd.weight" : name);
            fused.Tensors[name] = tensor with { Values = values };
        }
        using GgufFile first = fused.Open(), second = apart.Open();
        Assert.Equal(new ReferenceModel(first).LastLogits(Ids), new ReferenceModel(second).LastLogits(Ids));
    }

    [Fact]
    public void Equal_experts_are_one_expert()
    {
        // Whatever the router says, probabilities of the chosen sum to one.
        TinyModel mixture = TinyModel.Of("mixtral"), dense = TinyModel.Of("llama").WithValues();
        foreach ((string name, TinyTensor tensor) in mixture.Tensors.ToArray())
        {
            if (name.Contains("gate_inp", StringComparison.Ordinal)) continue;
            float[] values = dense.Tensors[name.Replace("_exps", "", StringComparison.Ordinal)].Values!;
            mixture.Tensors[name] = tensor with { Values = name.Contains("_exps", StringComparison.Ordinal) ? [.. values, .. values, .. values, .. values] : values };
        }
        using GgufFile first = mixture.Open(), second = dense.Open();
        float[] one = new ReferenceModel(first).LastLogits(Ids), other = new ReferenceModel(second).LastLogits(Ids);
        for (int i = 0; i < one.Length; i++) Assert.Equal(other[i], one[i], 1e-4);
    }

    [Fact]
    public void The_final_cap_bounds_logits()
    {
        TinyModel tiny = TinyModel.Of("gemma2");
        tiny.Set("final_logit_softcapping", 0.5f);
        using GgufFile file = tiny.Open();
        Assert.All(new ReferenceModel(file).LastLogits(Ids), logit => Assert.InRange(logit, -0.5f, 0.5f));
    }

    [Fact]
    public void Rotation_by_equal_distances_leaves_products_as_they_are()
    {
        var rotary = new ReferenceRotary(new RotarySettings(16, RotaryStyle.Halves, Yarn: new YarnScaling(4, 64)));
        Assert.Equal(Product(rotary, 3, 10), Product(rotary, 23, 30), 1e-4);
        Assert.NotEqual(Product(rotary, 3, 10), Product(rotary, 3, 11), 1e-4);
    }

    private static double Product(ReferenceRotary rotary, int at, int other)
    {
        float[] query = [.. Enumerable.Range(0, 16).Select(i => MathF.Sin(i + 1))], key = [.. Enumerable.Range(0, 16).Select(i => MathF.Cos(i * i))];
        rotary.Apply(query, at);
        rotary.Apply(key, other);
        return query.Zip(key, (a, b) => (double)a * b).Sum();
    }
}
