using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Units;
using Orrery.Serving.Systems.Sn40lCoe;
using Orrery.World.Catalogue;

namespace Orrery.Serving.Tests.Systems.Sn40lCoe;

public sealed class Sn40lCoeTests
{
    private static readonly Sn40lCoeOptions Quick = new() { Prompts = 800, Prefetch = false };

    [Fact]
    public void SwitchesAreBytesOverTheSlowPath()
    {
        double bytes = 2.0 * Catalog.Model("llama-2-7b").TotalParameters;
        Assert.Equal((bytes / 1e12) + 1e-4, Run(Quick)["switchSeconds"], 12);
        Assert.InRange(Run(Quick with { Machine = CoeMachine.DgxH100 })["switchSeconds"] / Run(Quick)["switchSeconds"], 15, 16);
        Assert.InRange(Run(Quick with { Machine = CoeMachine.DgxA100 })["switchSeconds"] / Run(Quick)["switchSeconds"], 30, 32);
    }

    /// <summary>19 machines of 640 GB for one node whose 12 TB are full; 4 with 150 experts.</summary>
    [Theory]
    [InlineData(150, 4)]
    [InlineData(890, 19)]
    [InlineData(1000, 11)]
    public void FootprintsAreBytesOverMemory(int experts, double ratio) => Assert.Equal(ratio, Run(Quick with { Experts = experts })["footprint"]);

    [Fact]
    public void NothingIsSwitchedUntilMemoryIsFullAndThenTheShareThatDoesNotFitIs()
    {
        double fits = Run(Quick)["residentExperts"];
        Assert.Equal(36, fits);
        Assert.Equal(0, Run(Quick with { Experts = 20, Prompts = 8000 })["missShare"]);
        Assert.InRange(Run(Quick with { Batch = 1, Prompts = 8000 })["missShare"], 1 - (fits / 150) - 0.02, 1 - (fits / 150) + 0.02);
        Assert.True(Run(Quick with { Popularity = 1.2 })["missShare"] < 0.6);
    }

    [Fact]
    public void AStepIsItsBytesAndItsKernels()
    {
        var model = Catalog.Model("llama-2-7b");
        var machine = new ExpertMachine(1e12, 1e12, 1e13, 1e12, 1e18, 1, IsFused: true);
        var fused = new LayerKernels(model, machine, new(1, 0.5, true), 0.5, 1e-5, 1, 2);
        double kv = 2.0 * 32 * 32 * 128 * 2;
        Assert.Equal((((2.0 * model.TotalParameters) + (100 * kv)) / 0.5e12) + (32 * 1e-5), fused.Seconds(1, 1, 100), 9);
        var single = new LayerKernels(model, machine, new(15, 0.5, false), 0.5, 1e-5, 1, 2);
        Assert.Equal(fused.Seconds(1, 1, 100) + (14 * 32 * 1e-5) + (single.IntermediateBytes(100) / 0.5e12), single.Seconds(1, 1, 100), 9);
    }

    [Fact]
    public void PrefetchAndGroupingHelp()
    {
        double plain = Run(Quick with { Machine = CoeMachine.DgxH100 })["batchSeconds"];
        Assert.True(Run(Quick with { Machine = CoeMachine.DgxH100, Prefetch = true })["batchSeconds"] < plain);
        Sn40lCoeOptions few = Quick with { Experts = 4 };
        Assert.True(Run(few)["batchSeconds"] < Run(few with { Group = false })["batchSeconds"]);
    }

    [Fact]
    public void PromptsAtRandomTimesAreAllAnsweredAndSlowerUnderLoad()
    {
        IReadOnlyDictionary<string, double> light = Run(Quick with { Rate = 1 });
        IReadOnlyDictionary<string, double> heavy = Run(Quick with { Rate = 18 });
        Assert.True(light["p95Seconds"] < heavy["p95Seconds"]);
        Assert.Equal(Run(Quick with { Rate = 1 }), light);
    }

    [Fact]
    public void AMachineWithoutRoomIsRefused() =>
        Assert.Contains("do not fit", Assert.Throws<InputException>(() => Run(Quick with { Hbm = new Bytes(20_000_000_000) })).Message, StringComparison.Ordinal);

    [Fact]
    public void BatchesThatLeaveNothingToCountAreRefused()
    {
        Assert.StartsWith("prompts:", Assert.Throws<InputException>(() => Run(Quick with { Batch = 4096, Prompts = 4000 })).Message, StringComparison.Ordinal);
        // One batch warms the memory, the other is counted.
        Assert.Equal(2 * Run(Quick with { Batch = 400 })["promptsPerSecond"], 800 / Run(Quick with { Batch = 400 })["batchSeconds"], 6);
    }

    [Fact]
    public void EveryFigureIsMeasured() => Assert.Equal(Quick.Figures.Select(figure => figure.Name).Order(), Run(Quick).Keys.Order());

    private static IReadOnlyDictionary<string, double> Run(Sn40lCoeOptions options) => options.Run(RandomStream.Root(1), CancellationToken.None).Values;
}
