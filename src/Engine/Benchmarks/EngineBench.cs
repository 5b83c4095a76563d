using Orrery.Engine.Attention;
using Orrery.Engine.Models;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Benchmarks;

/// <summary>Measures a loaded model: prefill, decode, and decode of several sequences together, in tokens per second.</summary>
/// <remarks>
/// As llama-bench measures: a warm-up, then repetitions from an empty context; ids are random, nothing is sampled, the logits of the last token of
/// each sequence are computed. The rate of reading memory is measured before and after each repetition: what a machine shares with others may change
/// from second to second.
/// </remarks>
public sealed class EngineBench
{
    private readonly Transformer _model;
    private readonly WeightReading _reading;
    private readonly TouchedWeights _touched;
    private readonly Roofline _roofline;
    private readonly TimeProvider _clock;
    private readonly ForwardBatch _batch = new();
    private readonly RandomStream _ids = RandomStream.Root(1).Split("ids");

    /// <param name="model">The model.</param>
    /// <param name="touched">What a token makes it multiply.</param>
    /// <param name="roofline">The machine's rates with as many threads as the model uses; that of reading is measured on the weights themselves.</param>
    /// <param name="clock">Wall time.</param>
    public EngineBench(Transformer model, TouchedWeights touched, Roofline roofline, TimeProvider clock) =>
        (_model, _touched, _roofline, _clock, _reading) = (model, touched, roofline, clock, new WeightReading(model));

    /// <summary>Runs one test.</summary>
    /// <param name="test">The test.</param>
    /// <param name="repetitions">Measured runs after the warm-up, at least one.</param>
    /// <param name="stop">Ends the test early.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public BenchResult Run(BenchTest test, int repetitions, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repetitions, 1);
        int positions = test.Positions;
        using var store = new KvStore(_model.KvShape, KvType.F16, test.Sequences * KvPool.PagesFor(positions));
        var pool = new KvPool(store);
        KvSequence[] sequences = [.. Enumerable.Range(0, test.Sequences).Select(_ => pool.Create(positions))];
        int[] prompt = [.. Enumerable.Range(0, positions).Select(_ => _ids.NextInt(_model.Config.Vocabulary))];

        Measure(test, sequences, prompt, store, stop);
        double[] rates = new double[repetitions];
        double allocatedBytes = 0, ceilings = 0, reads = 0, readBefore = _reading.MeasureBytesPerSecond(_clock);
        for (int i = 0; i < repetitions; i++)
        {
            // Of all threads: the workers must not allocate either.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            rates[i] = test.Tokens / Measure(test, sequences, prompt, store, stop);
            allocatedBytes += GC.GetTotalAllocatedBytes(precise: true) - before;
            double readAfter = _reading.MeasureBytesPerSecond(_clock);
            double read = (readBefore + readAfter) / 2;
            reads += read;
            ceilings += CeilingOf(test, read);
            readBefore = readAfter;
        }

        foreach (KvSequence sequence in sequences) sequence.Dispose();
        double mean = rates.Average();
        double variance = repetitions > 1 ? rates.Sum(rate => (rate - mean) * (rate - mean)) / (repetitions - 1) : 0;
        return new BenchResult(test, mean, Math.Sqrt(variance), ceilings / repetitions, reads / repetitions, allocatedBytes / test.Tokens / repetitions);
    }

    private double CeilingOf(BenchTest test, double readBytesPerSecond) => test.PromptTokens > 0
        ? _roofline.PrefillCeiling(_touched.PrefillWeights)
        : (_roofline with { BytesPerSecond = readBytesPerSecond }).DecodeCeiling(test.Sequences, _touched.DecodeBytes, _touched.DecodeWeights);

    /// <summary>Seconds of one run.</summary>
    private double Measure(BenchTest test, KvSequence[] sequences, int[] ids, KvStore store, CancellationToken stop)
    {
        foreach (KvSequence sequence in sequences) sequence.Truncate(0);
        long start = _clock.GetTimestamp();
        if (test.PromptTokens > 0)
        {
            for (int from = 0; from < test.PromptTokens; from += _model.MaxBatchTokens)
            {
                int to = Math.Min(test.PromptTokens, from + _model.MaxBatchTokens);
                Step(sequences, ids.AsSpan(from, to - from), store, to == test.PromptTokens ? LogitRows.Last : LogitRows.None, stop);
            }
        }
        else
        {
            for (int token = 0; token < test.GeneratedTokens; token++) Step(sequences, ids.AsSpan(token, 1), store, LogitRows.Last, stop);
        }
        return _clock.GetElapsedTime(start).TotalSeconds;
    }

    private void Step(KvSequence[] sequences, ReadOnlySpan<int> tokens, KvStore store, LogitRows wanted, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _batch.Clear();
        foreach (KvSequence sequence in sequences)
        {
            int position = sequence.Tokens;
            if (!sequence.TryReserve(tokens.Length)) throw new InvalidOperationException("the store has pages for every token of the test");
            _batch.Add(tokens, position, sequence.Pages, wanted);
        }
        _model.Forward(_batch, store);
        foreach (KvSequence sequence in sequences) sequence.Advance(tokens.Length);
    }
}
