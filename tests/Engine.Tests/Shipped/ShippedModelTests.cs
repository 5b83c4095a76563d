using Orrery.Engine.Gguf;
using Orrery.Engine.Shipped;
using Orrery.Engine.Tensors;

namespace Orrery.Engine.Tests.Shipped;

public sealed class ShippedModelTests
{
    [Fact]
    public void The_shipped_model_has_the_shape_of_its_card()
    {
        using GgufFile file = ShippedModel.Open();
        Assert.Equal(3, file.Version);
        Assert.Equal("llama", file.Metadata.Text("general.architecture"));
        Assert.Equal(6, file.Metadata.Integer("llama.block_count"));
        Assert.Equal(160, file.Metadata.Integer("llama.embedding_length"));
        Assert.Equal(432, file.Metadata.Integer("llama.feed_forward_length"));
        Assert.Equal(1024, file.Metadata.Texts("tokenizer.ggml.tokens")!.Count);
        Assert.Equal(1024, file.Metadata.Numbers("tokenizer.ggml.scores")!.Length);
        Assert.Equal(1024, file.Metadata.Integers("tokenizer.ggml.token_type")!.Length);
        GgufTensor embedding = file.Find("token_embd.weight")!;
        Assert.Equal(TensorType.Q8_0, embedding.Type);
        Assert.Equal((160, 1024), (embedding.Columns, embedding.Rows));
        Assert.Equal(1024 * 160 / 32 * 34, embedding.ByteCount);
        Assert.Equal(TensorType.F32, file.Find("blk.0.ffn_down.weight")!.Type);
        Assert.Null(file.Find("output.weight"));
        Assert.InRange(file.Tensors.Sum(tensor => tensor.Elements), 2_015_000, 2_025_000);
        file.RequireSupported();
    }

    [Fact]
    public void The_card_says_that_it_is_no_assistant() =>
        Assert.Contains("A demonstration, not an assistant", ShippedModel.Card, StringComparison.Ordinal);
}
