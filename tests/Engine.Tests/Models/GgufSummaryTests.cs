using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;
using Orrery.Engine.Tests.Gguf;

namespace Orrery.Engine.Tests.Models;

public sealed class GgufSummaryTests
{
    [Fact]
    public void The_shipped_model_is_told_in_figures()
    {
        using GgufFile file = ShippedModel.Open();
        var summary = new GgufSummary(file);
        Assert.Equal(("llama", "llama", 1024L, 128L, false), (summary.Architecture, summary.Tokenizer, summary.Vocabulary, summary.Context, summary.HasChatTemplate));
        Assert.Equal((6L, 160L, 5L, 5L, 32L, 432L), (summary.Layers, summary.Width, summary.Heads, summary.KvHeads, summary.HeadSize, summary.FeedForward));
        // Keys and values, 6 layers, 5 heads of 32 numbers, two bytes each.
        Assert.Equal(2 * 6 * 5 * 32 * 2, summary.KvBytesPerToken);
        Assert.Empty(summary.NotSupported);
        Assert.Equal(["Q8_0", "F32"], summary.Types.OrderByDescending(share => share.Parameters).Select(share => share.Type));
        Assert.Equal(file.Tensors.Sum(tensor => tensor.ByteCount), summary.Types.Sum(share => share.Bytes));
    }

    [Fact]
    public void What_is_not_supported_is_named()
    {
        byte[] image = ImageBuilder.Header(3, 1, 2).Key("general.architecture", 8).Text("mamba").Key("tokenizer.ggml.model", 8).Text("t5")
            .Tensor("t", 20, 0, 32).Align().Raw(new byte[18]).Done();
        using GgufFile file = GgufFile.FromBytes(image, "m");
        var summary = new GgufSummary(file);
        Assert.Equal(3, summary.NotSupported.Count);
        Assert.StartsWith("architecture mamba (supported: llama, ", summary.NotSupported[0], StringComparison.Ordinal);
        Assert.StartsWith("tokenizer t5 (supported: ", summary.NotSupported[1], StringComparison.Ordinal);
        Assert.StartsWith("tensor type IQ4_NL (supported: F32, ", summary.NotSupported[2], StringComparison.Ordinal);
        Assert.Null(summary.KvBytesPerToken);
    }

    [Fact]
    public void Heads_may_differ_by_layer()
    {
        byte[] image = ImageBuilder.Header(3, 0, 5).Key("general.architecture", 8).Text("llama").Key("llama.block_count", 4).U32(3)
            .Key("llama.attention.head_count_kv", 9).U32(5).U64(3).U32(2).U32(0).U32(4)
            .Key("llama.attention.key_length", 4).U32(64).Key("llama.attention.value_length", 4).U32(32).Done();
        using GgufFile file = GgufFile.FromBytes(image, "m");
        Assert.Equal(6 * (64 + 32) * 2, new GgufSummary(file).KvBytesPerToken);
    }
}
