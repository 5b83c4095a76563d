using Orrery.Engine.Attention;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>One sequence with a key-value memory of its own: the simplest way to run a <see cref="Transformer"/>.</summary>
public sealed class ModelSession : IDisposable
{
    private readonly Transformer _model;
    private readonly KvStore _store;
    private readonly KvSequence _sequence;
    private readonly ForwardBatch _batch = new();

    /// <param name="model">Must outlive the session.</param>
    /// <param name="capacity">Most tokens of the sequence.</param>
    /// <param name="type">How keys and values are kept.</param>
    /// <exception cref="InputException">The capacity is beyond the model's context, or does not fit into memory.</exception>
    public ModelSession(Transformer model, int capacity, KvType type = KvType.F32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        if (capacity > model.Config.ContextLength)
            throw new InputException($"{capacity} tokens are more than the {model.Config.ContextLength} tokens of context that {model.Config.FileName} was made for; ask for fewer");
        _model = model;
        _store = new KvStore(model.KvShape, type, KvPool.PagesFor(capacity));
        _sequence = new KvPool(_store).Create(capacity);
    }

    /// <summary>Tokens so far.</summary>
    public int Tokens => _sequence.Tokens;

    /// <summary>Changes the model's weights for this sequence from the next token on, or null.</summary>
    public LoraAdapter? Adapter { get; set; }

    /// <summary>Appends tokens, in pieces where they are many.</summary>
    /// <returns>The logits after the last one; valid until the model runs again.</returns>
    public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty) throw new ArgumentException("there are no tokens to append", nameof(tokens));
        for (; tokens.Length > _model.MaxBatchTokens; tokens = tokens[_model.MaxBatchTokens..])
        {
            Fill(tokens[.._model.MaxBatchTokens], LogitRows.None);
            _model.Forward(_batch, _store);
            _sequence.Advance(_model.MaxBatchTokens);
        }
        Fill(tokens, LogitRows.Last);
        ForwardResult result = _model.Forward(_batch, _store);
        _sequence.Advance(tokens.Length);
        return result.Row(0);
    }

    /// <summary>Appends tokens and hands on the state of each after the last layer and the final norm, in order.</summary>
    public void AppendStates(ReadOnlySpan<int> tokens, Action<ReadOnlySpan<float>> take)
    {
        while (!tokens.IsEmpty)
        {
            int count = Math.Min(tokens.Length, _model.MaxBatchTokens);
            Fill(tokens[..count], LogitRows.All);
            ForwardResult result = _model.ForwardStates(_batch, _store);
            for (int i = 0; i < count; i++) take(result.Row(i));
            _sequence.Advance(count);
            tokens = tokens[count..];
        }
    }

    public void Dispose()
    {
        _sequence.Dispose();
        _store.Dispose();
    }

    private void Fill(ReadOnlySpan<int> tokens, LogitRows wanted)
    {
        if (!_sequence.TryReserve(tokens.Length)) throw new InputException($"{_sequence.Tokens + tokens.Length} tokens do not fit into this session of {_store.Pages * KvStore.PageTokens}; ask for a larger one");
        _batch.Clear();
        _batch.Add(tokens, _sequence.Tokens, _sequence.Pages, wanted, Adapter);
    }
}
