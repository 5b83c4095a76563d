using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Kernels;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Models;

/// <summary>A sequence's logits have the same bits alone and in any company, cut into any pieces, on any number of threads.</summary>
public sealed class BatchInvarianceTests
{
    private const int Sequences = 3;
    private const int Length = 37;

    public static TheoryData<string, TensorType> Models => new()
    {
        { "llama", TensorType.Q8_0 },
        { "llama", TensorType.Q4_K },
        { "gemma3", TensorType.Q4_0 },
        { "gemma2", TensorType.F16 },
        { "qwen3moe", TensorType.Q8_0 },
        { "phi3", TensorType.BF16 },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_schedule_gives_the_bits_of_a_sequence_alone(string variant, TensorType type)
    {
        using GgufFile file = TransformerTests.Open(variant, type);
        using Transformer single = Transformer.Load(file, new TransformerOptions { Threads = 1 });
        using Transformer several = Transformer.Load(file, new TransformerOptions { Threads = 3 });
        int[][] sequences = [.. Enumerable.Range(0, Sequences).Select(s => Enumerable.Range(0, Length).Select(i => ((s * 31) + (i * 17) + (i * i)) % 96).ToArray())];
        float[][][] alone = [.. sequences.Select(tokens => TransformerTests.AllLogits(single, tokens))];
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => Matches(seed % 2 == 0 ? single : several, sequences, alone, RandomStream.Root((ulong)seed)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(12));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void All_instruction_sets_give_the_same_bits(string variant, TensorType type)
    {
        using GgufFile file = TransformerTests.Open(variant, type);
        int[] tokens = [.. Enumerable.Range(0, Length).Select(i => i * 5 % 96)];
        float[][]? first = null;
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            using Transformer model = Transformer.Load(file, new TransformerOptions { Threads = 2, Instructions = set });
            float[][] logits = TransformerTests.AllLogits(model, tokens);
            first ??= logits;
            for (int t = 0; t < Length; t++) Assert.Equal(first[t], logits[t]);
        }
    }

    /// <summary>Plays the sequences in batches of random pieces, with pages in random order, until all are through.</summary>
    private static bool Matches(Transformer model, int[][] sequences, float[][][] alone, RandomStream random)
    {
        const int pagesEach = (Length + KvStore.PageTokens - 1) / KvStore.PageTokens;
        using var store = new KvStore(model.KvShape, KvType.F32, Sequences * pagesEach);
        int[] pages = [.. Enumerable.Range(0, store.Pages)];
        for (int i = pages.Length - 1; i > 0; i--)
        {
            int other = random.NextInt(i + 1);
            (pages[i], pages[other]) = (pages[other], pages[i]);
        }
        int[] done = new int[Sequences];
        var batch = new ForwardBatch();
        while (done.Any(count => count < Length))
        {
            batch.Clear();
            var wanted = new List<(int Sequence, int Position)>();
            for (int s = 0; s < Sequences; s++)
            {
                int count = Math.Min(Length - done[s], random.NextInt(3) == 0 ? 1 : random.NextInt(Length / 2));
                if (count == 0) continue;
                LogitRows rows = (LogitRows)random.NextInt(3);
                batch.Add(sequences[s].AsSpan(done[s], count), done[s], pages.AsSpan(s * pagesEach, pagesEach), rows);
                done[s] += count;
                if (rows == LogitRows.Last) wanted.Add((s, done[s] - 1));
                if (rows == LogitRows.All) wanted.AddRange(Enumerable.Range(done[s] - count, count).Select(position => (s, position)));
            }
            if (batch.Tokens == 0) continue;
            ForwardResult result = model.Forward(batch, store);
            if (result.Rows != wanted.Count) return false;
            for (int i = 0; i < result.Rows; i++)
                if (!result.Row(i).SequenceEqual(alone[wanted[i].Sequence][wanted[i].Position])) return false;
        }
        return true;
    }
}
