using Orrery.Engine.Gguf;
using Orrery.Engine.Making;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Making;

public sealed class ModelMakerTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    public static TheoryData<string> Architectures() => [.. MadeArchitecture.All.Select(architecture => architecture.Name)];

    public static TheoryData<TensorType> Types() => [.. TensorTypes.All];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Every_architecture_is_made_with_its_keys(string name)
    {
        using GgufFile file = Make(name, TensorType.Q8_0);
        ModelShape shape = ModelShape.Find("tiny-" + name);
        string key = MadeArchitecture.Find(name).Key;
        GgufMetadata values = file.Metadata;
        Assert.Equal(key, values.Text("general.architecture"));
        Assert.Equal(shape.Layers, values.Integer($"{key}.block_count"));
        Assert.Equal(shape.KvHeads, values.Integer($"{key}.attention.head_count_kv"));
        Assert.Equal(shape.Vocabulary, values.Texts("tokenizer.ggml.tokens")!.Count);
        Assert.Equal(shape.Vocabulary, file.Find("token_embd.weight")!.Rows);
        long headSize = values.Integer($"{key}.attention.key_length") ?? shape.Width / shape.Heads;
        Assert.Equal(shape.KeySize, headSize);
        Assert.Equal(shape.Heads * headSize, file.Find("blk.0.attn_output.weight")!.Columns);
        Assert.Equal(shape.Layers, file.Tensors.Count(tensor => tensor.Name.EndsWith(".attn_norm.weight", StringComparison.Ordinal)));
        file.RequireSupported();
    }

    [Fact]
    public void Architectures_differ_where_they_should()
    {
        Assert.Equal(["attn_q.bias", "attn_k.bias", "attn_v.bias"], Names("qwen2").Where(name => name.EndsWith(".bias", StringComparison.Ordinal)));
        Assert.Contains("attn_q_norm.weight", Names("qwen3"));
        Assert.Equal(["attn_norm.weight", "attn_qkv.weight", "attn_output.weight", "ffn_norm.weight", "ffn_up.weight", "ffn_down.weight"], Names("phi3"));
        Assert.Contains("post_ffw_norm.weight", Names("gemma2"));
        Assert.Contains("attn_k_norm.weight", Names("gemma3"));
        using GgufFile moe = Make("llama-moe", TensorType.F32);
        Assert.Equal([256L, 512, 4], moe.Find("blk.1.ffn_gate_exps.weight")!.Dimensions);
        Assert.Equal([512L, 256, 4], moe.Find("blk.1.ffn_down_exps.weight")!.Dimensions);
        Assert.Equal((4L, 2L), (moe.Metadata.Integer("llama.expert_count"), moe.Metadata.Integer("llama.expert_used_count")));
        using GgufFile three = Make("llama3", TensorType.F32);
        Assert.All(three.Find("rope_freqs.weight")!.ToSingles(), factor => Assert.InRange(factor, 1, 8));
        Assert.Equal("llama-bpe", three.Metadata.Text("tokenizer.ggml.pre"));
        using GgufFile phi = Make("phi3", TensorType.F32);
        Assert.Equal(3 * 256, phi.Find("blk.0.attn_qkv.weight")!.Rows);
        Assert.Equal(2 * 512, phi.Find("blk.0.ffn_up.weight")!.Rows);
        using GgufFile gemma = Make("gemma2", TensorType.F32);
        Assert.Null(gemma.Find("output.weight"));
        Assert.Equal(30.0, gemma.Metadata.Number("gemma2.final_logit_softcapping"));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_holds_the_same_numbers(TensorType type)
    {
        using GgufFile exact = Make("llama", TensorType.F32);
        using GgufFile file = Make("llama", type);
        float[] expected = exact.Find("blk.0.ffn_down.weight")!.ToSingles();
        float[] got = file.Find("blk.0.ffn_down.weight")!.ToSingles();
        Assert.Equal(type, file.Find("blk.0.ffn_down.weight")!.Type);
        Assert.Equal(TensorType.F32, file.Find("blk.0.ffn_norm.weight")!.Type);
        double error = expected.Zip(got, (a, b) => Math.Pow(a - b, 2)).Sum() / expected.Sum(a => Math.Pow(a, 2));
        Assert.InRange(Math.Sqrt(error), 0, 0.30);
    }

    [Fact]
    public void Rows_that_do_not_fit_are_stored_otherwise_and_said()
    {
        ModelRecipe recipe = Recipe("gemma2", TensorType.Q4_K);
        Assert.Equal(["2 tensors with rows of 128 numbers are stored as Q5_0: their rows are no multiple of the 256 numbers of a Q4_K block"], new ModelMaker(recipe).Notes);
        ModelShape odd = recipe.Shape with { Width = 40, FeedForward = 24 };
        var maker = new ModelMaker(recipe with { Shape = odd });
        using GgufFile file = GgufFile.FromBytes(maker.ToImage(_pool), "odd");
        Assert.Equal(TensorType.F16, file.Find("blk.0.ffn_down.weight")!.Type);
        Assert.Equal(3, maker.Notes.Count);
        Assert.Empty(new ModelMaker(Recipe("llama-moe", TensorType.Q4_K)).Notes);
        Assert.Equal(TensorType.Q4_0, TensorPlan.Fitting(TensorType.Q2_K, 32));
        Assert.Equal(TensorType.Q8_0, TensorPlan.Fitting(TensorType.Q6_K, 64));
    }

    [Fact]
    public void The_same_seed_gives_the_same_file_on_any_number_of_threads()
    {
        using var alone = new WorkerPool(1);
        using var three = new WorkerPool(3);
        ModelRecipe recipe = Recipe("qwen3", TensorType.Q4_0);
        byte[] image = new ModelMaker(recipe).ToImage(alone);
        Assert.Equal(image, new ModelMaker(recipe).ToImage(three));
        Assert.NotEqual(image, new ModelMaker(recipe with { Seed = 2 }).ToImage(alone));
    }

    [Fact]
    public void Weights_are_normal_with_a_deviation_of_one_over_the_root_of_the_columns()
    {
        using GgufFile file = Make("llama", TensorType.F32);
        float[] weights = file.Find("blk.1.ffn_up.weight")!.ToSingles();
        double mean = weights.Average(value => (double)value) * 16;
        double variance = weights.Average(value => (double)value * value) * 256;
        double fourth = weights.Average(value => Math.Pow(value * 16.0, 4));
        // Four standard errors of 131072 draws: 1/sqrt(n), sqrt(2/n), sqrt(96/n).
        Assert.InRange(mean, -0.011, 0.011);
        Assert.InRange(variance, 1 - 0.016, 1 + 0.016);
        Assert.InRange(fourth, 3 - 0.11, 3 + 0.11);
        float[] norms = file.Find("blk.1.ffn_norm.weight")!.ToSingles();
        Assert.InRange(norms.Average(), 0.97, 1.03);
    }

    /// <summary>Sizes of the engine's speed tests: stored parameters of the two shapes.</summary>
    [Theory]
    [InlineData("r110m", 134.1)]
    [InlineData("r1.1b", 1100.0)]
    public void Named_shapes_have_their_size(string name, double millions)
    {
        ModelShape shape = ModelShape.Find(name);
        long parameters = new ModelMaker(new(MadeArchitecture.Find(shape.Architecture), shape, TensorType.Q8_0, 1)).Parameters;
        Assert.Equal(millions, Math.Round(parameters / 1e6, 1));
    }

    [Fact]
    public void Unknown_names_are_told_with_the_nearest()
    {
        Assert.StartsWith("there is no shape 'r110'; did you mean 'r110m'? Known: r110m, r1.1b,", Assert.Throws<InputException>(() => ModelShape.Find("r110")).Message, StringComparison.Ordinal);
        Assert.StartsWith("there is no architecture 'lama' to make; did you mean 'llama'?", Assert.Throws<InputException>(() => MadeArchitecture.Find("lama")).Message, StringComparison.Ordinal);
        ModelRecipe recipe = Recipe("llama", TensorType.F32);
        Assert.Throws<InputException>(() => new ModelMaker(recipe with { Shape = recipe.Shape with { Vocabulary = 300 } }));
        Assert.Throws<InputException>(() => new ModelMaker(recipe with { Shape = recipe.Shape with { KvHeads = 3 } }));
    }

    [Fact]
    public void A_stopped_maker_leaves_nothing()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-maker-").FullName;
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => new ModelMaker(Recipe("llama", TensorType.F32)).Write(Path.Combine(folder, "m.gguf"), _pool, stop: stop.Token));
        Assert.Empty(Directory.GetFiles(folder));
        Directory.Delete(folder);
    }

    [Fact]
    public void An_adapter_has_two_thin_matrices_for_each_target()
    {
        using GgufFile model = Make("qwen2", TensorType.Q8_0);
        using GgufFile adapter = GgufFile.FromBytes(AdapterMaker.ToImage(model, 4, 8, 1, _pool), "a");
        Assert.Equal("adapter", adapter.Metadata.Text("general.type"));
        Assert.Equal("lora", adapter.Metadata.Text("adapter.type"));
        Assert.Equal(8.0, adapter.Metadata.Number("adapter.lora.alpha"));
        Assert.Equal([256L, 4], adapter.Find("blk.0.attn_k.weight.lora_a")!.Dimensions);
        Assert.Equal([4L, 128], adapter.Find("blk.0.attn_k.weight.lora_b")!.Dimensions);
        Assert.Equal(2 * 7 * 2, adapter.Tensors.Count);
    }

    private static ModelRecipe Recipe(string architecture, TensorType type) => new(MadeArchitecture.Find(architecture), ModelShape.Find("tiny-" + architecture), type, 1);

    private GgufFile Make(string architecture, TensorType type) => GgufFile.FromBytes(new ModelMaker(Recipe(architecture, type)).ToImage(_pool), architecture);

    /// <summary>Names of the first layer's tensors.</summary>
    private string[] Names(string architecture)
    {
        const string prefix = "blk.0.";
        using GgufFile file = Make(architecture, TensorType.Q4_0);
        return [.. file.Tensors.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(tensor => tensor.Name[prefix.Length..])];
    }
}
