using System.Globalization;
using Orrery.Engine.Attention;
using Orrery.Engine.Models;
using Orrery.Kernel;

namespace Orrery.Engine.Generation;

/// <summary>A transformer with a memory of keys and values, as generators use it.</summary>
public sealed class TransformerModel : ITokenModel, IDisposable
{
    private readonly Transformer _transformer;
    private readonly KvStore _store;
    private readonly KvPool _pool;
    private readonly LoraAdapter? _adapter;
    private readonly ForwardBatch _batch = new();

    /// <param name="transformer">Not disposed of with this.</param>
    /// <param name="kv">How keys and values are stored.</param>
    /// <param name="contextTokens">Tokens that a sequence can hold.</param>
    /// <param name="sequences">Sequences of that length for which there is memory; short ones share it.</param>
    /// <param name="adapter">Applied to every sequence; null applies none.</param>
    /// <exception cref="InputException">More tokens than the model's context.</exception>
    public TransformerModel(Transformer transformer, KvType kv, int contextTokens, int sequences = 1, LoraAdapter? adapter = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        if (contextTokens > transformer.Config.ContextLength)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{contextTokens} tokens are more than the {transformer.Config.ContextLength} tokens of context that {transformer.Config.FileName} was made for; ask for fewer"));
        }
        _transformer = transformer;
        ContextLength = contextTokens;
        _adapter = adapter;
        _store = new(transformer.KvShape, kv, checked(sequences * KvPool.PagesFor(contextTokens)));
        _pool = new(_store);
    }

    /// <inheritdoc/>
    public int VocabularySize => _transformer.Config.Vocabulary;

    /// <inheritdoc/>
    public int ContextLength { get; }

    /// <inheritdoc/>
    public ITokenSequence CreateSequence() => new Sequence(this);

    /// <summary>Gives the memory of keys and values back; the sequences must not be used any more.</summary>
    public void Dispose() => _store.Dispose();

    private sealed class Sequence(TransformerModel model) : ITokenSequence
    {
        private readonly KvSequence _pages = model._pool.Create(model.ContextLength);
        private float[] _logits = [];
        private int _rows;

        public int Length => _pages.Tokens;

        public void Extend(ReadOnlySpan<int> tokens, int scoredTokens)
        {
            ArgumentOutOfRangeException.ThrowIfZero(tokens.Length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)scoredTokens, (uint)tokens.Length, nameof(scoredTokens));
            int firstScored = tokens.Length - scoredTokens;
            _rows = 0;
            for (int at = 0; at < tokens.Length;)
            {
                int count = Math.Min(model._transformer.MaxBatchTokens, tokens.Length - at);
                LogitRows wanted = LogitRows.None;
                if (at >= firstScored) wanted = LogitRows.All;
                else if (at + count == tokens.Length && scoredTokens == 1) wanted = LogitRows.Last;
                else count = Math.Min(count, firstScored - at);
                Run(tokens.Slice(at, count), wanted, scoredTokens);
                at += count;
            }
        }

        public ReadOnlySpan<float> Logits(int row)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)_rows, nameof(row));
            return _logits.AsSpan(row * model.VocabularySize, model.VocabularySize);
        }

        public void Truncate(int length) => _pages.Truncate(length);

        public void Dispose() => _pages.Dispose();

        private void Run(ReadOnlySpan<int> tokens, LogitRows wanted, int scoredTokens)
        {
            if (!_pages.TryReserve(tokens.Length))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"the memory of keys and values is full at {_pages.Tokens} tokens of this sequence; make it larger or run fewer sequences"));
            }
            model._batch.Clear();
            model._batch.Add(tokens, _pages.Tokens, _pages.Pages, wanted, model._adapter);
            ForwardResult result = model._transformer.Forward(model._batch, model._store);
            _pages.Advance(tokens.Length);
            if (wanted == LogitRows.None) return;
            // The transformer's rows last until its next pass, which may be another sequence's.
            int vocabulary = model.VocabularySize;
            if (_logits.Length < scoredTokens * vocabulary) _logits = GC.AllocateUninitializedArray<float>(scoredTokens * vocabulary);
            for (int row = 0; row < result.Rows; row++) result.Row(row).CopyTo(_logits.AsSpan(_rows++ * vocabulary, vocabulary));
        }
    }
}
