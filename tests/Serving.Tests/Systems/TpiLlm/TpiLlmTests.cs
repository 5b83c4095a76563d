using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Serving.Systems.TpiLlm;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.Serving.Tests.Systems.TpiLlm;

public sealed class TpiLlmTests
{
    private static readonly TpiLlmOptions Small = new() { Model = "llama-2-7b", Nodes = 4, PromptTokens = 16, AnswerTokens = 6 };

    [Fact]
    public void ADiskThatIsFarTooSlowMakesATokenTheSumOfItsLoads()
    {
        IReadOnlyDictionary<string, double> run = Run(Small with { Disk = 1e8 });
        var model = new ShardedModel(Catalog.Model("llama-2-7b"), [1, 1, 1, 1], 4);
        Assert.Equal(model.WeightBytes(0) / 1e8, run["tokenSeconds"], 9);
        Assert.Equal(run["diskSeconds"], run["tokenSeconds"], 9);
    }

    [Fact]
    public void ADiskThatIsFarTooFastLeavesComputingAndTheNetwork()
    {
        IReadOnlyDictionary<string, double> run = Run(Small with { Disk = 1e15 });
        Assert.Equal(run["computeSeconds"] + run["networkSeconds"], run["tokenSeconds"], 6);
        Assert.Equal(0, run["stallShare"], 6);
    }

    [Fact]
    public void OneNodeWithoutANetworkIsOnePassOverItsMemory()
    {
        IReadOnlyDictionary<string, double> run = Run(Small with { Nodes = 1, Window = 1000, Memory = new(64_000_000_000) });
        ModelSpec model = Catalog.Model("llama-2-7b");
        // All matrices but the embedding are read, and a row of that; keys and values add under a thousandth.
        double bytes = 4.0 * (model.TotalParameters - model.EmbeddingParameters);
        Assert.InRange(run["tokenSeconds"] / (bytes / 8e9), 1, 1.001);
        Assert.Equal(0, run["networkSeconds"]);
    }

    [Fact]
    public void MemoryIsTheWindowAndNotTheShare()
    {
        TpiLlmOptions big = new() { AnswerTokens = 2, PromptTokens = 1 };
        IReadOnlyDictionary<string, double> two = Run(big);
        IReadOnlyDictionary<string, double> four = Run(big with { Window = 4 });
        ModelSpec model = Catalog.Model("llama-2-70b");
        // Of the master the embedding and the head, neighbours on the ring; of a worker an attention and a feed-forward part.
        Assert.Equal(2 * 4 * model.EmbeddingParameters / 1e9, two["peakMasterGB"], 2);
        Assert.Equal(4 * (model.QkvParameters + model.OutputParameters + model.DenseFfnParameters) / 8 / 1e9, two["peakWorkerGB"], 2);
        Assert.True(four["peakMasterGB"] < 5 && four["fits"] == 1);
    }

    [Fact]
    public void ASlowNodeDecidesUnlessItGetsLess()
    {
        TpiLlmOptions uneven = Small with { Speeds = "1, 1, 1, 0.5" };
        Assert.True(Run(uneven)["tokenSeconds"] > 1.4 * Run(Small)["tokenSeconds"]);
        Assert.True(Run(uneven with { Ratios = "1, 1, 1, 0.5" })["tokenSeconds"] < 1.3 * Run(Small)["tokenSeconds"]);
    }

    [Fact]
    public void BaselinesReadWhatDoesNotFit()
    {
        ModelSpec spec = Catalog.Model("llama-2-7b");
        var whole = new ShardedModel(spec, [1], 4);
        TpiLlmOptions alone = Small with { System = EdgeSystem.Transformers, Memory = new(8_000_000_000) };
        Assert.Equal(whole.WeightBytes(0) / (1e9 * 0.25), Run(alone)["diskSeconds"], 9);
        IReadOnlyDictionary<string, double> offloaded = Run(alone with { System = EdgeSystem.Accelerate });
        Assert.InRange(offloaded["diskSeconds"], (whole.WeightBytes(0) / 1e9) - 8, whole.WeightBytes(0) / 1e9);
        foreach (EdgeSystem system in new[] { EdgeSystem.Transformers, EdgeSystem.Accelerate, EdgeSystem.Pipeline, EdgeSystem.Galaxy })
            Assert.Equal(0, Run(alone with { System = system, Memory = new(64_000_000_000) })["diskSeconds"]);
        // A chain computes as long as one device, and pays for its hops.
        IReadOnlyDictionary<string, double> chain = Run(alone with { System = EdgeSystem.Pipeline, Memory = new(64_000_000_000) });
        Assert.Equal(Run(alone with { Memory = new(64_000_000_000) })["computeSeconds"], chain["computeSeconds"], 9);
        Assert.Equal(4 * (0.001 + (4096 * 4 / 37.5e6)), chain["networkSeconds"], 9);
    }

    [Theory]
    [InlineData("1, 2", "ratios: '1, 2' has 2 numbers, and 4 are needed")]
    [InlineData("1, x, 1, 1", "ratios: 'x' is no number of at least 0.001")]
    [InlineData("1, 0, 1, 1", "ratios: '0' is no number of at least 0.001")]
    public void RatiosAreReadStrictly(string ratios, string part) =>
        Assert.Contains(part, Assert.Throws<InputException>(() => Run(Small with { Ratios = ratios })).Message, StringComparison.Ordinal);

    [Fact]
    public void EveryFigureIsMeasuredByEverySystem()
    {
        foreach (EdgeSystem system in Enum.GetValues<EdgeSystem>())
        {
            ExperimentResult result = (Small with { System = system }).Run(RandomStream.Root(1), CancellationToken.None);
            Assert.Equal(Small.Figures.Select(figure => figure.Name).Order(), result.Values.Keys.Order());
            Assert.All(result.Values.Values, value => Assert.True(double.IsFinite(value) && value >= 0));
        }
    }

    private static IReadOnlyDictionary<string, double> Run(TpiLlmOptions options) => options.Run(RandomStream.Root(1), CancellationToken.None).Values;
}
