using Orrery.Documents;
using Orrery.Engine.Making;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Lab.Scenarios;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Tests.Scenarios;

/// <summary>A model file's header gives the architecture that a simulation needs.</summary>
public sealed class GgufModelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orrery-gguf-");

    public static TheoryData<string> Shapes() => [.. ModelShape.All.Where(shape => shape.Name.StartsWith("tiny-", StringComparison.Ordinal)).Select(shape => shape.Name)];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_derived_parameters_are_those_in_the_file(string shapeName)
    {
        ModelShape shape = ModelShape.Find(shapeName);
        var maker = new ModelMaker(new(MadeArchitecture.Find(shape.Architecture), shape, TensorType.F16, Seed: 1));
        string path = Path.Combine(_folder.FullName, shapeName + ".gguf");
        using (var pool = new WorkerPool(1)) maker.Write(path, pool);
        ModelSpec model = GgufModel.Read(path);
        Assert.Equal(shapeName, model.Name);
        Assert.Equal(shape.Layers, model.Layers);
        Assert.Equal(shape.KvHeads, model.KvHeads);
        Assert.Equal(shape.Context, model.MaxPositions);
        // Norms and biases of the file are beyond what the architecture counts.
        Assert.Equal(maker.Parameters, (double)model.TotalParameters, maker.Parameters * 0.01);
        Assert.Equal(shapeName is "tiny-gemma2" or "tiny-gemma3", model.Window is not null);
        Assert.Equal(shapeName is "tiny-llama-moe" or "tiny-qwen3moe", model.Experts is not null);
    }

    [Theory]
    [InlineData(TensorType.F32, Precision.Fp32)]
    [InlineData(TensorType.F16, Precision.Bf16)]
    [InlineData(TensorType.Q8_0, Precision.Int8)]
    [InlineData(TensorType.Q4_0, Precision.Int4)]
    public void Weights_count_as_the_file_stores_them_where_a_scenario_names_no_precision(TensorType stored, Precision expected)
    {
        string path = Path.Combine(_folder.FullName, "model.gguf");
        using (var pool = new WorkerPool(1)) new ModelMaker(new(MadeArchitecture.Find("llama"), ModelShape.Find("tiny-llama"), stored, Seed: 1)).Write(path, pool);
        Assert.Equal(new PrecisionPlan(expected), GgufModel.PrecisionOf(path));
        string scenario = $"{{model: {{gguf: '{path}'}}, fleet: [{{device: h100-sxm}}], traffic: {{generator: poisson, rate: 1/s, requests: 1, prompt: {{fixed: 4}}, output: {{fixed: 4}}}}}}";
        Scenario read = ScenarioReader.Read(Document.Parse(scenario, "s.yaml"), "");
        Assert.Equal(expected, read.Fleet[0].Deployment.Precision.Weights);
    }

    [Fact]
    public void The_shipped_model_is_found_by_its_name() => Assert.Equal("tiny-kjv", GgufModel.Read(GgufModel.Shipped).Name);
}
