using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;
using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Models;

/// <summary>Files whose keys and tensor entries are damaged: they load and run, or end in one sentence; nothing else may happen.</summary>
public sealed class HostileModelTests
{
    private const int Mutations = 250;

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen3moe")]
    [InlineData("gemma3")]
    public void A_damaged_file_runs_or_is_refused(string variant)
    {
        TinyModel tiny = TinyModel.Of(variant, TensorType.Q8_0);
        byte[] sound = tiny.Image(1);
        int header = sound.Length - (int)tiny.Tensors.Values.Sum(tensor => tensor.Type.RowBytes(tensor.Dimensions.Aggregate(1L, (a, b) => a * b)));
        RandomStream random = RandomStream.Root(7).Split(variant);
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] damaged = [.. sound];
            int at = random.NextInt(header);
            damaged[at] = random.NextInt(2) == 0 ? (byte)random.NextInt(256) : (byte)(damaged[at] ^ (1 << random.NextInt(8)));
            try
            {
                using GgufFile file = GgufFile.FromBytes(damaged, "damaged.gguf");
                using Transformer model = Transformer.Load(file, new TransformerOptions { Threads = 1, MaxBatchTokens = 4 });
                using var session = new ModelSession(model, 2);
                session.Append([1, 2]);
            }
            catch (InputException failure)
            {
                refused++;
                Assert.False(string.IsNullOrWhiteSpace(failure.Message));
            }
        }
        Assert.InRange(refused, 1, Mutations);
    }
}
