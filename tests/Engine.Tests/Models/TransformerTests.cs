using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;
using Orrery.Engine.Tensors;
using Orrery.Testing.Data;

namespace Orrery.Engine.Tests.Models;

/// <summary>The fast pass beside the plain one.</summary>
public sealed class TransformerTests
{
    /// <summary>
    /// Largest difference of logits over their standard deviation. Activations are rounded to 16 bits (relative 1.5e-5 of a block's largest number) and
    /// sums are single precision; some dozens of such products in a row leave a few 1e-4.
    /// </summary>
    private const double Tolerance = 2e-3;

    private static readonly int[] Ids = [3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26, 43, 38, 32, 79, 50, 2, 88, 41];

    public static TheoryData<string, TensorType> Models
    {
        get
        {
            var data = new TheoryData<string, TensorType>();
            foreach (string variant in TinyModel.Architectures) data.Add(variant, TensorType.F32);
            foreach (string variant in TinyModel.Architectures) data.Add(variant, TensorType.Q8_0);
            foreach (TensorType type in TensorTypes.All) data.Add("llama", type);
            data.Add("mixtral", TensorType.Q4_K);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gives_the_reference_s_logits(string variant, TensorType type)
    {
        using GgufFile file = Open(variant, type);
        var reference = new ReferenceModel(file);
        using Transformer model = Transformer.Load(file, new TransformerOptions { Threads = 2 });
        AssertClose(reference.Logits(Ids), AllLogits(model, Ids));
    }

    [Fact]
    public void Gives_the_reference_s_logits_with_mixed_types_in_one_layer()
    {
        TinyModel tiny = TinyModel.Of("llama");
        tiny.Tensors["blk.0.attn_v.weight"] = tiny.Tensors["blk.0.attn_v.weight"] with { Type = TensorType.Q8_0 };
        tiny.Tensors["blk.1.ffn_gate.weight"] = tiny.Tensors["blk.1.ffn_gate.weight"] with { Type = TensorType.F16 };
        using GgufFile file = tiny.Open();
        using Transformer model = Transformer.Load(file);
        AssertClose(new ReferenceModel(file).Logits(Ids), AllLogits(model, Ids));
    }

    [Fact]
    public void Gives_the_reference_s_logits_with_stretched_rotations()
    {
        TinyModel tiny = TinyModel.Of("qwen2");
        tiny.Set("rope.scaling.type", "yarn");
        tiny.Set("rope.scaling.factor", 4f);
        tiny.Set("rope.scaling.original_context_length", 64);
        tiny.Tensors["rope_freqs.weight"] = new TinyTensor(TensorType.F32, [8]) { Values = [1, 1, 1, 1.5f, 2, 4, 8, 8] };
        using GgufFile file = tiny.Open();
        using Transformer model = Transformer.Load(file);
        AssertClose(new ReferenceModel(file).Logits(Ids), AllLogits(model, Ids));
    }

    [Fact]
    public void The_shipped_model_continues_as_llama_cpp_does()
    {
        using GgufFile file = ShippedModel.Open();
        using Transformer model = Transformer.Load(file);
        using var session = new ModelSession(model, 32);
        ShippedModelTests.Compare(LogitProbe.Run((tokens, added) => session.Append(tokens[^added..]), model.Config, ShippedModelTests.Prompt, ShippedModelTests.Expected.Length, 2));
    }

    [Theory]
    [MemberData(nameof(AgreementTests.Files), MemberType = typeof(AgreementTests))]
    public void Agrees_with_llama_cpp(string path, string outputs, double gap, bool isExact)
    {
        string? modelPath = PublicData.Find(path.Split('/')), outputsPath = PublicData.Find(outputs.Split('/'));
        Assert.SkipWhen(modelPath is null || outputsPath is null, "the public data is not on this machine");
        using GgufFile file = GgufFile.Open(modelPath);
        using Transformer model = Transformer.Load(file);
        var comparison = new LogitComparison(gap, isExact ? AgreementTests.Tolerance : double.PositiveInfinity);
        foreach (ReferenceRow row in ReferenceOutputs.Read(outputsPath)) comparison.Check(row, tokens => AllLogits(model, tokens));
    }

    [Fact]
    public void Long_sequences_in_pieces_give_the_same_bits_and_the_reference_s_logits()
    {
        const int length = 600;
        TinyModel tiny = TinyModel.Of("gemma2");
        tiny.Set("context_length", length);
        tiny.Set("attention.sliding_window", 100);
        using GgufFile file = tiny.Open();
        using Transformer model = Transformer.Load(file, new TransformerOptions { MaxBatchTokens = length });
        using Transformer pieces = Transformer.Load(file, new TransformerOptions { MaxBatchTokens = 77 });
        int[] tokens = [.. Enumerable.Range(0, length).Select(i => ((i * i) + (7 * i)) % 96)];
        float[][] all = AllLogits(model, tokens);
        AssertClose(new ReferenceModel(file).Logits(tokens), all);
        using var session = new ModelSession(pieces, length);
        Assert.True(session.Append(tokens).SequenceEqual(all[^1]));
    }

    /// <summary>Half precision keeps eleven bits of keys and values, the eight-bit form keeps seven of the largest in 32.</summary>
    [Theory]
    [InlineData(KvType.F16, 5e-3)]
    [InlineData(KvType.Q8, 5e-2)]
    public void Smaller_keys_and_values_change_logits_a_little(KvType type, double tolerance)
    {
        using GgufFile file = Open("llama", TensorType.F32);
        using Transformer model = Transformer.Load(file);
        using var session = new ModelSession(model, Ids.Length, type);
        AssertClose([new ReferenceModel(file).LastLogits(Ids)], [session.Append(Ids).ToArray()], tolerance);
    }

    [Fact]
    public void Needs_the_file_no_longer_once_it_is_loaded()
    {
        Transformer model;
        using (GgufFile file = Open("llama", TensorType.Q8_0)) model = Transformer.Load(file);
        using (model) Assert.Equal(Ids.Length, AllLogits(model, Ids).Length);
    }

    [Fact]
    public void Allocates_nothing_per_token()
    {
        using GgufFile file = Open("mixtral", TensorType.Q8_0);
        using Transformer model = Transformer.Load(file, new TransformerOptions { Threads = 1 });
        using var session = new ModelSession(model, 128);
        session.Append(Ids);
        int[] next = [7];
        for (int i = 0; i < 50; i++) session.Append(next);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) session.Append(next);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Refuses_wrong_batches()
    {
        using GgufFile file = Open("llama", TensorType.F32);
        using Transformer model = Transformer.Load(file, new TransformerOptions { MaxBatchTokens = 4 });
        using var store = new KvStore(model.KvShape, KvType.F32, 20);
        int[] pages = [.. Enumerable.Range(0, 20)];
        var batch = new ForwardBatch();
        Assert.Throws<ArgumentException>(() => model.Forward(batch, store));
        Assert.Throws<ArgumentException>(() => batch.Add([1, 2], 15, [0]));
        batch.Add([1, 2, 3, 4, 5], 0, pages);
        Assert.Throws<ArgumentException>(() => model.Forward(batch, store));
        batch.Clear();
        batch.Add([96], 0, pages);
        Assert.Throws<ArgumentException>(() => model.Forward(batch, store));
        batch.Clear();
        batch.Add([1, 2], 255, pages);
        Assert.Throws<ArgumentException>(() => model.Forward(batch, store));
    }

    internal static GgufFile Open(string variant, TensorType type) =>
        TinyModel.Of(variant, type, width: Math.Max(64, type.BlockElements())).Open();

    /// <summary>Logits after every token, in one batch.</summary>
    internal static float[][] AllLogits(Transformer model, int[] tokens, LoraAdapter? adapter = null)
    {
        using var store = new KvStore(model.KvShape, KvType.F32, KvPool.PagesFor(tokens.Length));
        var batch = new ForwardBatch();
        batch.Add(tokens, 0, Enumerable.Range(0, store.Pages).ToArray(), LogitRows.All, adapter);
        ForwardResult result = model.Forward(batch, store);
        return [.. Enumerable.Range(0, result.Rows).Select(row => result.Row(row).ToArray())];
    }

    internal static void AssertClose(float[][] expected, float[][] actual, double tolerance = Tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int t = 0; t < expected.Length; t++)
        {
            double mean = expected[t].Average(value => (double)value);
            double deviation = Math.Sqrt(expected[t].Average(value => (value - mean) * (value - mean)));
            double worst = expected[t].Zip(actual[t], (a, b) => Math.Abs((double)a - b)).Max();
            Assert.InRange(worst / deviation, 0, tolerance);
        }
    }
}
