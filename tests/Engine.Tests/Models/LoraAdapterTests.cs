using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Making;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Models;

public sealed class LoraAdapterTests
{
    private const int Rank = 4;
    private const float Alpha = 8f;
    private static readonly int[] Ids = [3, 14, 15, 92, 65, 35, 89, 79];

    private static readonly string[] Targets =
        ["blk.0.attn_q.weight", "blk.0.attn_v.weight", "blk.1.attn_k.weight", "blk.1.attn_output.weight", "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight", "output.weight"];

    [Fact]
    public void Running_with_an_adapter_is_running_the_merged_weights()
    {
        TinyModel tiny = TinyModel.Of("llama").WithValues();
        TinyModel lora = Adapter(tiny, Targets);
        using GgufFile file = tiny.Open(), adapterFile = lora.Open();
        using Transformer model = Transformer.Load(file);
        LoraAdapter adapter = LoraAdapter.Open(adapterFile, model.Config), half = LoraAdapter.Open(adapterFile, model.Config, strength: 0.5f);
        float[][] plain = new ReferenceModel(file).Logits(Ids), merged = Merged(tiny, lora, 1f), halfway = Merged(tiny, lora, 0.5f);
        TransformerTests.AssertClose(merged, TransformerTests.AllLogits(model, Ids, adapter));
        TransformerTests.AssertClose(halfway, TransformerTests.AllLogits(model, Ids, half));
        TransformerTests.AssertClose(plain, TransformerTests.AllLogits(model, Ids));
        Assert.True(plain[^1].Zip(merged[^1], (a, b) => Math.Abs(a - b)).Max() > 0.1f);
    }

    [Fact]
    public void Fused_tensors_are_changed_as_a_whole()
    {
        TinyModel tiny = TinyModel.Of("phi3").WithValues();
        TinyModel lora = Adapter(tiny, ["blk.0.attn_qkv.weight", "blk.1.ffn_up.weight"]);
        using GgufFile file = tiny.Open(), adapterFile = lora.Open();
        using Transformer model = Transformer.Load(file);
        TransformerTests.AssertClose(Merged(tiny, lora, 1f), TransformerTests.AllLogits(model, Ids, LoraAdapter.Open(adapterFile, model.Config)));
    }

    /// <summary>Numbers of llama.cpp (release 0.5.0, keys and values in half precision) on a model and an adapter that this library makes.</summary>
    [Theory]
    [InlineData("tiny-llama", new[] { 78, 144, 422, 437 }, new[] { -2.0884, -2.1284, -3.0241, -3.1541 })]
    [InlineData("tiny-qwen2", new[] { 129, 102, 244, 382 }, new[] { -1.9306, -2.4597, -2.8591, -2.9162 })]
    [InlineData("tiny-phi3", new[] { 403, 176, 343, 253 }, new[] { -2.6038, -2.8167, -2.8861, -3.0233 })]
    [InlineData("tiny-gemma2", new[] { 301, 494, 8, 227 }, new[] { -0.3577, -3.0716, -3.7203, -4.2278 })]
    public void Agrees_with_llama_cpp(string shape, int[] ids, double[] logProbabilities)
    {
        const double tolerance = 0.01;
        using var pool = new WorkerPool(2);
        ModelShape sizes = ModelShape.Find(shape);
        using GgufFile file = GgufFile.FromBytes(new ModelMaker(new ModelRecipe(MadeArchitecture.Find(sizes.Architecture), sizes, TensorType.F32, Seed: 1)).ToImage(pool), shape);
        using GgufFile adapterFile = GgufFile.FromBytes(AdapterMaker.ToImage(file, rank: 4, alpha: 2, seed: 5, pool), "adapter");
        using Transformer model = Transformer.Load(file);
        TokenLogProbability[] ours = LogitProbe.Best(TransformerTests.AllLogits(model, ArchitectureAgreementTests.Ids, LoraAdapter.Open(adapterFile, model.Config))[^1], ids.Length);
        Assert.Equal(ids, ours.Select(token => token.Id));
        for (int i = 0; i < ids.Length; i++) Assert.Equal(logProbabilities[i], ours[i].LogProbability, tolerance);
    }

    [Fact]
    public void Sequences_of_one_batch_may_have_different_adapters()
    {
        TinyModel tiny = TinyModel.Of("llama").WithValues();
        using GgufFile file = tiny.Open(), firstFile = Adapter(tiny, Targets).Open(), secondFile = Adapter(tiny, Targets[..1]).Open();
        using Transformer model = Transformer.Load(file);
        LoraAdapter?[] adapters = [LoraAdapter.Open(firstFile, model.Config), null, LoraAdapter.Open(secondFile, model.Config)];
        using var store = new KvStore(model.KvShape, KvType.F32, 3);
        var batch = new ForwardBatch();
        for (int i = 0; i < adapters.Length; i++) batch.Add(Ids, 0, [i], LogitRows.Last, adapters[i]);
        ForwardResult result = model.Forward(batch, store);
        float[][] together = [.. Enumerable.Range(0, 3).Select(row => result.Row(row).ToArray())];
        for (int i = 0; i < adapters.Length; i++) Assert.Equal(TransformerTests.AllLogits(model, Ids, adapters[i])[^1], together[i]);
        Assert.NotEqual(together[0], together[1]);
        Assert.NotEqual(together[1], together[2]);
    }

    [Theory]
    [InlineData("architecture", "is for qwen2 models")]
    [InlineData("type", "is a model, not an adapter")]
    [InlineData("partner", "has no partner 'blk.0.attn_q.weight.lora_b'")]
    [InlineData("orphan", "has no partner 'blk.0.attn_q.weight.lora_a'")]
    [InlineData("shape", "must be 64 x rank and rank x 64")]
    [InlineData("target", "'blk.9.attn_q.weight' cannot be changed")]
    [InlineData("name", "is no part of a LoRA adapter")]
    [InlineData("empty", "there are no tensors")]
    public void A_wrong_adapter_is_refused_in_one_sentence(string fault, string rule)
    {
        TinyModel tiny = TinyModel.Of("llama");
        TinyModel lora = Adapter(tiny, ["blk.0.attn_q.weight"]);
        switch (fault)
        {
            case "architecture": lora.Keys["general.architecture"] = "qwen2"; break;
            case "type": lora.Keys["general.type"] = "model"; break;
            case "partner": lora.Tensors.Remove("blk.0.attn_q.weight.lora_b"); break;
            case "orphan": lora.Tensors.Remove("blk.0.attn_q.weight.lora_a"); break;
            case "shape": lora.Tensors["blk.0.attn_q.weight.lora_a"] = new TinyTensor(TensorType.F32, [32, Rank]); break;
            case "target": lora = Adapter(tiny, ["blk.0.attn_q.weight"], rename: name => name.Replace("blk.0", "blk.9", StringComparison.Ordinal)); break;
            case "name": lora.Tensors["something"] = new TinyTensor(TensorType.F32, [32]); break;
            default: lora.Tensors.Clear(); break;
        }
        using GgufFile file = tiny.Open(), adapterFile = lora.Open();
        string message = Assert.Throws<InputException>(() => LoraAdapter.Open(adapterFile, ModelConfig.Read(file))).Message;
        Assert.Contains(rule, message, StringComparison.Ordinal);
    }

    private static TinyModel Adapter(TinyModel model, string[] targets, Func<string, string>? rename = null)
    {
        TinyModel adapter = TinyModel.Adapter(model.Architecture);
        adapter.Keys["adapter.lora.alpha"] = Alpha;
        foreach (string target in targets)
        {
            int[] shape = model.Tensors[target].Dimensions;
            string name = rename?.Invoke(target) ?? target;
            adapter.Tensors[name + ".lora_a"] = new TinyTensor(TensorType.F32, [shape[0], Rank]);
            adapter.Tensors[name + ".lora_b"] = new TinyTensor(TensorType.F32, [Rank, shape[1]]);
        }
        return adapter.WithValues();
    }

    /// <summary>The plain pass over W + alpha / rank · B A.</summary>
    private static float[][] Merged(TinyModel model, TinyModel adapter, float strength)
    {
        TinyModel merged = TinyModel.Of(model.Architecture);
        foreach ((string name, TinyTensor tensor) in model.Tensors)
        {
            float[] values = [.. tensor.Values!];
            if (adapter.Tensors.TryGetValue(name + ".lora_a", out TinyTensor? down))
            {
                float[] a = down.Values!, b = adapter.Tensors[name + ".lora_b"].Values!;
                int columns = tensor.Dimensions[0];
                for (int i = 0; i < values.Length; i++)
                    for (int r = 0; r < Rank; r++) values[i] += strength * Alpha / Rank * b[(i / columns * Rank) + r] * a[(r * columns) + (i % columns)];
            }
            merged.Tensors[name] = tensor with { Values = values };
        }
        using GgufFile file = merged.Open();
        return new ReferenceModel(file).Logits(Ids);
    }
}
