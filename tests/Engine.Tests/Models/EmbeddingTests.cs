using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;

namespace Orrery.Engine.Tests.Models;

public sealed class EmbeddingTests
{
    private static readonly int[] Ids = [3, 14, 15, 92, 65, 35, 89, 79];

    [Theory]
    [InlineData(EmbeddingPooling.Mean)]
    [InlineData(EmbeddingPooling.Last)]
    public void Is_the_pooled_state_of_length_one_in_whatever_pieces(EmbeddingPooling pooling)
    {
        using GgufFile file = TransformerTests.Open("qwen3", TensorType.F32);
        float[][] states = new ReferenceModel(file).Hidden(Ids);
        float[] expected = pooling == EmbeddingPooling.Last ? states[^1] : [.. Enumerable.Range(0, states[0].Length).Select(i => states.Average(state => state[i]))];
        double length = Math.Sqrt(expected.Sum(value => (double)value * value));
        using Transformer whole = Transformer.Load(file), pieces = Transformer.Load(file, new TransformerOptions { MaxBatchTokens = 3 });
        float[] embedding = Embedding.Of(whole, Ids, pooling);
        Assert.Equal(1.0, embedding.Sum(value => (double)value * value), 1e-5);
        for (int i = 0; i < embedding.Length; i++) Assert.Equal(expected[i] / length, embedding[i], 1e-4);
        Assert.Equal(embedding, Embedding.Of(pieces, Ids, pooling));
    }
}
