using Orrery.Engine.Gguf;
using Orrery.Engine.Making;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Tests.Models;

/// <summary>The models that the library makes, through the fast pass and the plain one: two writers and two readers of every architecture.</summary>
public sealed class MadeModelTests
{
    private static readonly int[] Ids = [1, 314, 159, 265, 358, 97, 93, 238, 462, 64, 338, 32, 79, 50, 288, 419, 71, 69, 399, 375, 105];

    public static TheoryData<string, TensorType> Models
    {
        get
        {
            TensorType[] types = [.. TensorTypes.All];
            string[] shapes = [.. ModelShape.All.Select(shape => shape.Name).Where(name => name.StartsWith("tiny-", StringComparison.Ordinal))];
            var data = new TheoryData<string, TensorType>();
            // Every shape with two of the types, so that every type has its turn.
            for (int i = 0; i < shapes.Length; i++)
            {
                data.Add(shapes[i], types[2 * i % types.Length]);
                data.Add(shapes[i], types[((2 * i) + 1) % types.Length]);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_made_model_runs_like_the_reference(string shape, TensorType type)
    {
        using var pool = new WorkerPool(2);
        ModelShape sizes = ModelShape.Find(shape);
        using GgufFile file = GgufFile.FromBytes(new ModelMaker(new ModelRecipe(MadeArchitecture.Find(sizes.Architecture), sizes, type, 1)).ToImage(pool), shape);
        using Transformer model = Transformer.Load(file, new TransformerOptions { Threads = 2 });
        TransformerTests.AssertClose(new ReferenceModel(file).Logits(Ids), TransformerTests.AllLogits(model, Ids));
        using GgufFile adapterFile = GgufFile.FromBytes(AdapterMaker.ToImage(file, rank: 2, alpha: 4, seed: 2, pool), "adapter");
        float[][] adapted = TransformerTests.AllLogits(model, Ids, LoraAdapter.Open(adapterFile, model.Config));
        Assert.NotEqual(TransformerTests.AllLogits(model, Ids)[^1], adapted[^1]);
    }
}
