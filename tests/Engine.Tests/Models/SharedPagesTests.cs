using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;

namespace Orrery.Engine.Tests.Models;

/// <summary>A model over sequences that share pages, or whose pages were away: the bits are those of a sequence alone.</summary>
public sealed class SharedPagesTests
{
    /// <summary>Ends in the middle of a page, so that both sequences go on from a shared one.</summary>
    private static readonly int[] Prefix = [.. Enumerable.Range(0, 21).Select(i => i * 13 % 96)];
    private static readonly int[] First = [5, 6, 7, 8, 9];
    private static readonly int[] Second = [50, 60, 70];

    [Theory]
    [InlineData(KvType.F32)]
    [InlineData(KvType.Q8)]
    public void Forked_sequences_go_on_as_if_each_had_its_own_prefix(KvType type)
    {
        using GgufFile file = TransformerTests.Open("qwen3", TensorType.Q8_0);
        using Transformer model = Transformer.Load(file);
        using var store = new KvStore(model.KvShape, type, 8);
        var pool = new KvPool(store);
        using KvSequence sequence = pool.Create();
        Append(model, store, sequence, Prefix);
        using KvSequence fork = sequence.Fork(Prefix.Length);
        float[] first = Append(model, store, sequence, First), second = Append(model, store, fork, Second);
        Assert.Equal(Alone(model, type, [.. Prefix, .. First]), first);
        Assert.Equal(Alone(model, type, [.. Prefix, .. Second]), second);
    }

    [Fact]
    public void A_sequence_that_was_swapped_out_goes_on_as_before()
    {
        using GgufFile file = TransformerTests.Open("llama", TensorType.Q4_0);
        using Transformer model = Transformer.Load(file);
        using var store = new KvStore(model.KvShape, KvType.F16, 4);
        var pool = new KvPool(store);
        using KvSequence sequence = pool.Create(), other = pool.Create();
        Append(model, store, sequence, Prefix);
        byte[] buffer = new byte[sequence.SwapBytes];
        sequence.SwapOut(buffer);
        // Others' tokens on what were its pages.
        Append(model, store, other, [.. Prefix, .. Prefix]);
        other.Truncate(0);
        Assert.True(sequence.TrySwapIn(buffer));
        Assert.Equal(Alone(model, KvType.F16, [.. Prefix, .. First]), Append(model, store, sequence, First));
    }

    private static float[] Alone(Transformer model, KvType type, int[] tokens)
    {
        using var session = new ModelSession(model, tokens.Length, type);
        return session.Append(tokens).ToArray();
    }

    private static float[] Append(Transformer model, KvStore store, KvSequence sequence, int[] tokens)
    {
        Assert.True(sequence.TryReserve(tokens.Length));
        var batch = new ForwardBatch();
        batch.Add(tokens, sequence.Tokens, sequence.Pages);
        float[] logits = model.Forward(batch, store).Row(0).ToArray();
        sequence.Advance(tokens.Length);
        return logits;
    }
}
