using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.World.Tests.Models;

public sealed class ModelCountsTests
{
    /// <summary>KiB per token in 16 bit, every layer in full, of the reference table of models.</summary>
    public static TheoryData<string, double> KvKibibytes => new()
    {
        { "opt-125m", 36.0 },
        { "opt-1.3b", 192.0 },
        { "opt-2.7b", 320.0 },
        { "opt-6.7b", 512.0 },
        { "opt-13b", 800.0 },
        { "opt-30b", 1344.0 },
        { "opt-66b", 2304.0 },
        { "opt-175b", 4608.0 },
        { "llama-7b", 512.0 },
        { "llama-2-7b", 512.0 },
        { "llama-13b", 800.0 },
        { "llama-2-13b", 800.0 },
        { "llama-33b", 1560.0 },
        { "llama-65b", 2560.0 },
        { "llama-2-70b", 320.0 },
        { "codellama-34b", 192.0 },
        { "llama-3.2-1b", 32.0 },
        { "llama-3.2-3b", 112.0 },
        { "llama-3-8b", 128.0 },
        { "llama-3.1-8b", 128.0 },
        { "llama-3-70b", 320.0 },
        { "llama-3.1-70b", 320.0 },
        { "llama-3.3-70b", 320.0 },
        { "llama-3.1-405b", 504.0 },
        { "mistral-7b", 128.0 },
        { "mistral-7b-v0.1", 128.0 },
        { "mixtral-8x7b", 128.0 },
        { "mixtral-8x22b", 224.0 },
        { "falcon-7b", 8.0 },
        { "falcon-40b", 120.0 },
        { "falcon-180b", 160.0 },
        { "qwen1.5-7b", 512.0 },
        { "qwen1.5-14b", 800.0 },
        { "qwen1.5-32b", 256.0 },
        { "qwen1.5-72b", 2560.0 },
        { "qwen1.5-110b", 320.0 },
        { "qwen2-0.5b", 12.0 },
        { "qwen2.5-0.5b", 12.0 },
        { "qwen2-1.5b", 28.0 },
        { "qwen2.5-1.5b", 28.0 },
        { "qwen2.5-3b", 36.0 },
        { "qwen2-7b", 56.0 },
        { "qwen2.5-7b", 56.0 },
        { "qwen2.5-14b", 192.0 },
        { "qwen2.5-32b", 256.0 },
        { "qwen2-72b", 320.0 },
        { "qwen2.5-72b", 320.0 },
        { "qwen3-0.6b", 112.0 },
        { "qwen3-1.7b", 112.0 },
        { "qwen3-4b", 144.0 },
        { "qwen3-8b", 144.0 },
        { "qwen3-14b", 160.0 },
        { "qwen3-32b", 256.0 },
        { "qwen3-30b-a3b", 96.0 },
        { "qwen3-235b-a22b", 188.0 },
        { "qwen3-coder-480b-a35b", 248.0 },
        { "yi-6b", 64.0 },
        { "yi-34b", 240.0 },
        { "gpt-j-6b", 448.0 },
        { "gpt-neox-20b", 1056.0 },
        { "gpt-3-1.3b", 192.0 },
        { "gpt-3-6.7b", 512.0 },
        { "gpt-3-13b", 800.0 },
        { "gpt-3-175b", 4608.0 },
        { "bloom-176b", 3920.0 },
        { "t-nlg-17b", 1296.8 },
        { "mt-nlg-530b", 8400.0 },
        { "palm-540b", 118.0 },
        { "dbrx", 160.0 },
        { "phi-2", 320.0 },
        { "phi-3-mini", 384.0 },
        { "phi-3-medium", 200.0 },
        { "gemma-2b", 18.0 },
        { "gemma-7b", 448.0 },
        { "gemma-2-9b", 336.0 },
        { "gemma-2-27b", 368.0 },
        { "gemma-3-4b", 136.0 },
        { "gemma-3-12b", 384.0 },
        { "gemma-3-27b", 496.0 },
        { "gpt-oss-20b", 48.0 },
        { "gpt-oss-120b", 72.0 },
    };

    public static TheoryData<string> AllModels => [.. Catalog.Models.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(AllModels))]
    public void Derived_parameters_agree_with_the_published_count(string name)
    {
        const double tolerance = 0.02;
        ModelSpec model = Catalog.Model(name);
        double published = Assert.NotNull(model.PublishedBillions);
        Assert.InRange(model.TotalParameters / 1e9 / published, 1 - tolerance, 1 + tolerance);
        if (model.PublishedActiveBillions is { } active)
            Assert.InRange(model.ActiveParameters / 1e9 / active, 1 - ActiveTolerance(name), 1 + ActiveTolerance(name));
        else
            Assert.Equal(model.TotalParameters, model.ActiveParameters);
    }

    [Theory]
    [MemberData(nameof(KvKibibytes))]
    public void Kv_bytes_per_token_agree_with_the_table(string name, double kibibytes) =>
        Assert.Equal(kibibytes, Math.Round(Catalog.Model(name).KvBytesPerToken() / 1024.0, 1));

    [Theory]
    [InlineData("deepseek-v2", 69120)]
    [InlineData("deepseek-v3", 70272)]
    [InlineData("deepseek-r1", 70272)]
    [InlineData("kimi-k2", 70272)]
    public void Latent_attention_caches_rank_plus_rotary_width(string name, long bytes)
    {
        Assert.Equal(bytes, Catalog.Model(name).KvBytesPerToken());
        Assert.Equal(bytes / 2, Catalog.Model(name).KvBytesPerToken(bytesPerElement: 1));
    }

    [Fact]
    public void Windowed_layers_stop_growing_at_their_window()
    {
        ModelSpec gemma = Catalog.Model("gemma-3-27b");
        Assert.Equal(52, gemma.WindowedLayers);
        long perLayer = 2 * 16 * 128 * 2;
        Assert.Equal(62 * perLayer * 1000, gemma.KvBytes(1000));
        Assert.Equal(((10L * 20_000) + (52L * 1024)) * perLayer, gemma.KvBytes(20_000));
    }

    [Theory]
    [InlineData("llama-4-scout", 48)]
    [InlineData("llama-4-maverick", 24)]
    [InlineData("deepseek-v3", 58)]
    [InlineData("kimi-k2", 60)]
    [InlineData("mixtral-8x7b", 32)]
    [InlineData("llama-2-7b", 0)]
    public void Layers_with_experts_are_counted(string name, int layers) => Assert.Equal(layers, Catalog.Model(name).ExpertLayers);

    [Fact]
    public void Flop_of_a_prefill_follow_the_closed_form()
    {
        // 2·A·s + 2·L·H·d·s·(s+1): a causal triangle with its diagonal; A without embeddings, the vocabulary projection once.
        ModelSpec model = Catalog.Model("llama-3.1-8b");
        const long s = 2048;
        var shape = new World.Steps.StepShape();
        shape.AddChunk(new((int)s, 0, Finishes: true));
        long linear = 32 * ((4096L * 4096 * 2) + (2L * 4096 * 1024) + (3L * 4096 * 14336));
        long expected = (2 * linear * s) + (2L * 32 * 4096 * s * (s + 1)) + (2L * 128256 * 4096);
        Assert.Equal(expected, model.Flops(shape));
    }

    [Fact]
    public void Expected_experts_start_at_top_k_and_end_at_all()
    {
        ModelSpec model = Catalog.Model("qwen3-30b-a3b");
        Assert.Equal(8, model.ExpectedExperts(1), 9);
        Assert.Equal(128 * (1 - Math.Pow(1 - (8.0 / 128), 32)), model.ExpectedExperts(32), 9);
        Assert.Equal(128, model.ExpectedExperts(100_000), 6);
    }

    /// <summary>The publisher of Llama-4 states active parameters in whole billions.</summary>
    private static double ActiveTolerance(string name) => name.StartsWith("llama-4", StringComparison.Ordinal) ? 0.05 : 0.02;
}
