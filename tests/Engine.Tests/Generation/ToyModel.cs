using Orrery.Engine.Generation;
using Orrery.Engine.Tests.Sampling;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Generation;

/// <summary>A model whose scores are a fixed function of the last few tokens. Checks that it is used as the contract says.</summary>
internal sealed class ToyModel(int vocabulary, int order, ulong seed, double sharpness = 1, int context = 256) : ITokenModel
{
    public int VocabularySize => vocabulary;

    public int ContextLength => context;

    /// <summary>Sequences that have not been disposed of.</summary>
    public int Open { get; private set; }

    /// <summary>Tokens that went through the model.</summary>
    public int Fed { get; private set; }

    public ITokenSequence CreateSequence()
    {
        Open++;
        return new Sequence(this);
    }

    /// <summary>The scores of what follows these tokens.</summary>
    public float[] Logits(ReadOnlySpan<int> tokens)
    {
        RandomStream random = RandomStream.Root(seed);
        foreach (int token in tokens[Math.Max(0, tokens.Length - order)..]) random = random.Split(token);
        return [.. Enumerable.Range(0, vocabulary).Select(_ => (float)(Scores.Normal(random) * sharpness))];
    }

    /// <summary>A model that agrees with this one but for noise.</summary>
    public static ITokenModel Noisy(ToyModel model, ulong seed, double noise) => new Mixture(model, new(model.VocabularySize, 2, seed, noise, model.ContextLength));

    private sealed class Sequence(ToyModel model) : ITokenSequence
    {
        private readonly List<int> _tokens = [];
        private readonly List<float[]> _rows = [];

        public int Length => _tokens.Count;

        public void Extend(ReadOnlySpan<int> tokens, int scoredTokens)
        {
            Assert.InRange(tokens.Length, 1, model.ContextLength - _tokens.Count);
            Assert.InRange(scoredTokens, 0, tokens.Length);
            _rows.Clear();
            model.Fed += tokens.Length;
            for (int i = 0; i < tokens.Length; i++)
            {
                _tokens.Add(tokens[i]);
                if (i >= tokens.Length - scoredTokens) _rows.Add(model.Logits([.. _tokens]));
            }
        }

        public ReadOnlySpan<float> Logits(int row) => _rows[row];

        public void Truncate(int length)
        {
            Assert.InRange(length, 0, _tokens.Count);
            _tokens.RemoveRange(length, _tokens.Count - length);
        }

        public void Dispose() => model.Open--;
    }

    private sealed class Mixture(ToyModel one, ToyModel other) : ITokenModel
    {
        public int VocabularySize => one.VocabularySize;

        public int ContextLength => one.ContextLength;

        public ITokenSequence CreateSequence() => new Sum(one.CreateSequence(), other.CreateSequence());

        private sealed class Sum(ITokenSequence one, ITokenSequence other) : ITokenSequence
        {
            public int Length => one.Length;

            public void Extend(ReadOnlySpan<int> tokens, int scoredTokens)
            {
                one.Extend(tokens, scoredTokens);
                other.Extend(tokens, scoredTokens);
            }

            public ReadOnlySpan<float> Logits(int row)
            {
                float[] sum = one.Logits(row).ToArray();
                for (int i = 0; i < sum.Length; i++) sum[i] += other.Logits(row)[i];
                return sum;
            }

            public void Truncate(int length)
            {
                one.Truncate(length);
                other.Truncate(length);
            }

            public void Dispose()
            {
                one.Dispose();
                other.Dispose();
            }
        }
    }
}
