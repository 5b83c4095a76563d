using Orrery.Engine.Making;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Lab.Scenarios;
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
}
