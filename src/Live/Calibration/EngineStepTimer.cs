using Orrery.Engine.Attention;
using Orrery.Engine.Models;
using Orrery.Kernel.Random;
using Orrery.World.Steps;

namespace Orrery.Live.Calibration;

/// <summary>
/// Steps of a loaded model: each sequence of a point gets pages of its own that hold real keys and values, and random ids go through the
/// model at the end of them. The time is that of making the batch and of <see cref="Transformer.Forward"/>.
/// </summary>
public sealed class EngineStepTimer : IStepTimer, IDisposable
{
    private readonly Transformer _model;
    private readonly TimeProvider _clock;
    private readonly KvStore _store;
    private readonly ForwardBatch _batch = new();
    private readonly int[] _ids;
    private readonly int[] _pages;

    /// <param name="model">Ready to run.</param>
    /// <param name="points">The steps that it will be asked for.</param>
    /// <param name="kvType">How keys and values are stored.</param>
    /// <param name="clock">Wall time.</param>
    public EngineStepTimer(Transformer model, IReadOnlyList<StepPoint> points, KvType kvType, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(points);
        (_model, _clock) = (model, clock);
        RandomStream draws = RandomStream.Root(1).Split("ids");
        _ids = [.. Enumerable.Range(0, model.MaxBatchTokens).Select(_ => draws.NextInt(model.Config.Vocabulary))];
        _pages = [.. Enumerable.Range(0, points.Max(PagesOf))];
        _store = new KvStore(model.KvShape, kvType, _pages.Length);
        Fill();
    }

    public double Seconds(StepPoint point)
    {
        ArgumentNullException.ThrowIfNull(point);
        long start = _clock.GetTimestamp();
        _batch.Clear();
        int page = 0;
        int id = 0;
        foreach (int context in point.Contexts) Add(1, context - 1, LogitRows.Last, ref page, ref id);
        foreach (PrefillChunk chunk in point.Chunks) Add(chunk.Tokens, chunk.HistoryTokens, chunk.Finishes ? LogitRows.Last : LogitRows.None, ref page, ref id);
        _model.Forward(_batch, _store);
        return _clock.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose() => _store.Dispose();

    private void Add(int tokens, int history, LogitRows wanted, ref int page, ref int id)
    {
        int pages = KvPool.PagesFor(history + tokens);
        _batch.Add(_ids.AsSpan(id, tokens), history, _pages.AsSpan(page, pages), wanted);
        page += pages;
        id += tokens;
    }

    /// <summary>One page is computed and copied to all: memory that nothing was ever written to is one shared page of zeros, which a cache holds.</summary>
    private void Fill()
    {
        int tokens = Math.Min(KvStore.PageTokens, Math.Min(_model.MaxBatchTokens, _model.Config.ContextLength));
        _batch.Clear();
        _batch.Add(_ids.AsSpan(0, tokens), 0, _pages.AsSpan(0, 1));
        _model.Forward(_batch, _store);
        for (int page = 1; page < _pages.Length; page++) _store.CopyPage(0, page);
    }

    private static int PagesOf(StepPoint point) =>
        point.Contexts.Sum(KvPool.PagesFor) + point.Chunks.Sum(chunk => KvPool.PagesFor(chunk.HistoryTokens + chunk.Tokens));
}
