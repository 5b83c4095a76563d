using Orrery.Engine.Attention;
using Orrery.Engine.Kernels;
using Orrery.Engine.Kernels.Vectors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Models;

/// <summary>One pass of a batch through all layers. Owns the buffers; nothing is allocated once they have grown.</summary>
/// <remarks>
/// Threads meet five times a layer: after each of the four products and after attention. What is done to single rows between them is done on the
/// caller's thread unless there is much of it. In the last layer only rows whose results are wanted go on after keys and values are stored.
/// </remarks>
internal sealed unsafe class ForwardPass : IDisposable
{
    /// <summary>Positions whose rotations are computed before the first pass; a longer sequence computes more on its way.</summary>
    private const int MostReservedPositions = 1 << 14;

    private readonly ModelConfig _config;
    private readonly ModelWeights _weights;
    private readonly WorkerPool _pool;
    private readonly ForwardBuffers _buffers;
    private readonly Activations _input;
    private readonly MatrixProduct _product;
    private readonly RowRunner _runner;
    private readonly RotaryTable _rotary;
    private readonly RotaryTable _localRotary;
    private readonly PassRows _rows;
    private readonly AdapterSteps _adapters;
    private readonly ExpertMixture? _mixture;
    private readonly RowStep _embed, _store, _afterAttention, _gate, _afterFeedForward, _capLogits;
    private KvStore _kv = null!;
    private AttentionKernel? _attention;
    private LayerWeights _layer = null!;
    private float* _logits;
    private int _index;

    public ForwardPass(ModelConfig config, ModelWeights weights, WorkerPool pool, int maxRows)
    {
        (_config, _weights, _pool) = (config, weights, pool);
        _buffers = new ForwardBuffers(config, maxRows);
        _input = new Activations(maxRows, Math.Max(config.Width, Math.Max(config.AttendedWidth, config.FeedForward)), pool);
        _product = new MatrixProduct(pool);
        _runner = new RowRunner(pool);
        _rotary = new RotaryTable(config.Rope);
        _localRotary = ReferenceEquals(config.Rope, config.LocalRope) ? _rotary : new RotaryTable(config.LocalRope);
        _rows = new PassRows(maxRows);
        _adapters = new AdapterSteps(_rows, _runner);
        _mixture = config.Experts > 0 ? new ExpertMixture(config, _buffers, _input, _product, _runner) : null;
        (_embed, _store, _afterAttention, _gate, _afterFeedForward, _capLogits) = (Embed, Store, AfterAttention, Gate, AfterFeedForward, CapLogits);
    }

    public ForwardResult Run(ForwardBatch batch, KvStore kv, bool wantsStates)
    {
        Bind(kv);
        _rows.Take(batch);
        _runner.Run(_embed, _rows.Count, _config.Width);
        for (_index = 0; _index < _config.Layers; _index++)
        {
            _layer = _weights.Layers[_index];
            Attend(isLast: _index == _config.Layers - 1);
            if (_rows.Count == 0) break;
            FeedForward();
        }
        ForwardResult result = _rows.Count == 0 ? default : wantsStates ? new ForwardResult(_buffers.Normed, _rows.Count, _config.Width) : Logits();
        _rows.Release();
        return result;
    }

    public void Dispose()
    {
        _attention?.Dispose();
        _buffers.Dispose();
        _input.Dispose();
        _product.Dispose();
    }

    private void Bind(KvStore kv)
    {
        if (ReferenceEquals(kv, _kv)) return;
        _attention?.Dispose();
        _attention = new AttentionKernel(kv, _pool, new AttentionShape(_config.Heads, _config.KvHeads, _config.KeySize, _config.ValueSize, _config.AttentionScale, _config.AttentionSoftCap));
        _kv = kv;
        int positions = (int)Math.Min(Math.Min(_config.ContextLength, MostReservedPositions), (long)kv.Pages * KvStore.PageTokens);
        _rotary.Reserve(positions);
        _localRotary.Reserve(positions);
    }

    private void Attend(bool isLast)
    {
        int width = _config.Width, projected = _config.QueryKeyValueRows;
        _input.Load(_buffers.Normed, _rows.Count, width, width);
        _layer.QueryKeyValue.Multiply(_product, _input, _buffers.Projected, projected);
        _adapters.Apply(_index, AdapterSlot.QueryKeyValue, _buffers.Normed, width, _buffers.Projected, projected);
        _runner.Run(_store, _rows.Count, projected);
        ReadOnlySpan<AttentionSpan> spans = _rows.Spans(_config.Windows[_index], onlyWanted: isLast);
        if (!spans.IsEmpty) _attention!.Run(_index, spans, _rows.Pages, _buffers.Projected, _buffers.Attended, queryStride: projected);
        if (isLast) KeepWanted();
        if (_rows.Count == 0) return;
        float* target = AddTarget(_layer.Tensors.AttentionPostNorm);
        _input.Load(_buffers.Attended, _rows.Count, _config.AttendedWidth, _config.AttendedWidth);
        _layer.AttentionOutput.Multiply(_product, _input, target, width, add: target == _buffers.State);
        _adapters.Apply(_index, AdapterSlot.AttentionOutput, _buffers.Attended, _config.AttendedWidth, target, width);
        _runner.Run(_afterAttention, _rows.Count, 2 * width);
    }

    private void FeedForward()
    {
        int width = _config.Width, inner = _config.FeedForward;
        if (_mixture is not null)
        {
            _mixture.Run(_layer, _rows.Count);
        }
        else
        {
            _input.Load(_buffers.Normed, _rows.Count, width, width);
            _layer.GateUp!.Multiply(_product, _input, _buffers.Gated, 2 * inner);
            _adapters.Apply(_index, AdapterSlot.GateUp, _buffers.Normed, width, _buffers.Gated, 2 * inner);
            _runner.Run(_gate, _rows.Count, 2 * inner);
            float* target = AddTarget(_layer.Tensors.FeedForwardPostNorm);
            _input.Load(_buffers.Gated, _rows.Count, inner, 2 * inner);
            _layer.Down!.Multiply(_product, _input, target, width, add: target == _buffers.State);
            _adapters.Apply(_index, AdapterSlot.Down, _buffers.Gated, 2 * inner, target, width);
        }
        _runner.Run(_afterFeedForward, _rows.Count, 2 * width);
    }

    private ForwardResult Logits()
    {
        int vocabulary = _config.Vocabulary;
        _logits = _buffers.Logits(_rows.Count, vocabulary);
        _input.Load(_buffers.Normed, _rows.Count, _config.Width, _config.Width);
        _weights.Output.Multiply(_product, _input, _logits, vocabulary);
        _adapters.Apply(0, AdapterSlot.Output, _buffers.Normed, _config.Width, _logits, vocabulary);
        if (_config.LogitSoftCap > 0f) _runner.Run(_capLogits, _rows.Count, vocabulary);
        return new ForwardResult(_logits, _rows.Count, vocabulary);
    }

    /// <summary>A product adds straight to the state, unless it is normalised first.</summary>
    private float* AddTarget(float[]? postNorm) => postNorm is null ? _buffers.State : _buffers.Delta;

    private void KeepWanted()
    {
        for (int i = 0; i < _rows.WantedCount; i++)
        {
            int from = _rows.WantedRow(i);
            if (from == i) continue;
            Row(_buffers.State, from, _config.Width).CopyTo(Row(_buffers.State, i, _config.Width));
            Row(_buffers.Attended, from, _config.AttendedWidth).CopyTo(Row(_buffers.Attended, i, _config.AttendedWidth));
        }
        _rows.KeepWanted();
    }

    private void Embed(int row)
    {
        Span<float> state = Row(_buffers.State, row, _config.Width);
        _weights.Embedding.DecodeRow(_rows.TokenOf(row), state);
        if (_config.EmbeddingScale != 1f) VectorMath.Scale(state, _config.EmbeddingScale);
        VectorMath.RmsNorm(state, _weights.Layers[0].Tensors.AttentionNorm, _config.NormEpsilon, Row(_buffers.Normed, row, _config.Width));
    }

    /// <summary>Makes a row's query, key and value ready and stores the latter two.</summary>
    private void Store(int row)
    {
        ModelConfig c = _config;
        LayerTensors tensors = _layer.Tensors;
        Span<float> all = Row(_buffers.Projected, row, c.QueryKeyValueRows);
        if (tensors.QueryKeyValueBias is { } bias) VectorMath.Add(bias, all);
        if (tensors.QueryNorm is { } queryNorm) NormHeads(all[..c.QueryRows], queryNorm);
        if (tensors.KeyNorm is { } keyNorm) NormHeads(all.Slice(c.QueryRows, c.KeyRows), keyNorm);
        RotaryTable rotary = c.Windows[_index] > 0 ? _localRotary : _rotary;
        float* query = _buffers.Projected + ((long)row * c.QueryKeyValueRows), key = query + c.QueryRows;
        int position = _rows.PositionOf(row);
        // Query and key heads lie side by side.
        rotary.Apply(query, c.Heads + c.KvHeads, c.KeySize, position);
        _kv.Write(_index, _rows.PagesOf(row), position, key, key + c.KeyRows);
    }

    private void NormHeads(Span<float> heads, float[] norm)
    {
        for (; !heads.IsEmpty; heads = heads[norm.Length..]) VectorMath.RmsNorm(heads[..norm.Length], norm, _config.NormEpsilon, heads[..norm.Length]);
    }

    private void AfterAttention(int row) =>
        AddAndNorm(row, _layer.Tensors.AttentionOutputBias, _layer.Tensors.AttentionPostNorm, _layer.Tensors.FeedForwardNorm);

    private void AfterFeedForward(int row) =>
        AddAndNorm(row, _layer.Tensors.DownBias, _layer.Tensors.FeedForwardPostNorm, _index + 1 < _config.Layers ? _weights.Layers[_index + 1].Tensors.AttentionNorm : _weights.FinalNorm);

    /// <summary>Finishes what a sub-layer adds to a row's state and normalises the state for what comes next.</summary>
    private void AddAndNorm(int row, float[]? bias, float[]? postNorm, float[] nextNorm)
    {
        Span<float> state = Row(_buffers.State, row, _config.Width);
        if (postNorm is null)
        {
            if (bias is not null) VectorMath.Add(bias, state);
        }
        else
        {
            Span<float> delta = Row(_buffers.Delta, row, _config.Width);
            if (bias is not null) VectorMath.Add(bias, delta);
            VectorMath.RmsNorm(delta, postNorm, _config.NormEpsilon, delta);
            VectorMath.Add(delta, state);
        }
        VectorMath.RmsNorm(state, nextNorm, _config.NormEpsilon, Row(_buffers.Normed, row, _config.Width));
    }

    private void Gate(int row)
    {
        Span<float> gated = Row(_buffers.Gated, row, 2 * _config.FeedForward);
        if (_layer.Tensors.GateUpBias is { } bias) VectorMath.Add(bias, gated);
        GateFunctions.Apply(_config.Family.Gate, gated);
    }

    private void CapLogits(int row) => VectorMath.SoftCap(Row(_logits, row, _config.Vocabulary), _config.LogitSoftCap);

    private static Span<float> Row(float* rows, int row, int columns) => new(rows + ((long)row * columns), columns);
}
