using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.BatchLlm;

/// <summary>
/// Memory-centric batching: a request joins when the KV in use, its own prompt, and the growth predicted until requests leave stay below
/// a share of the memory. Predicted output is a predictor's, else the average of the requests that have left.
/// </summary>
internal sealed class Admission(BatchLlmOptions options)
{
    private readonly KvForecast _forecast = new();
    private IKvMemory _memory = null!;
    private long _ownTokens;
    private bool _isReady;
    private long _outputTokens;
    private long _left;
    private RunningList _running = null!;
    private Dictionary<Sequence, GroupRun> _groupOf = null!;

    /// <summary>A request left: one more to average over.</summary>
    public void Learn(Sequence sequence)
    {
        _outputTokens += sequence.GeneratedTokens;
        _left++;
    }

    /// <summary>Output tokens expected of a request; never the truth.</summary>
    public double ExpectedTokens(Sequence sequence)
    {
        double expected = sequence.PredictedOutputTokens > 0 ? sequence.PredictedOutputTokens
            : _outputTokens > 0 ? (double)_outputTokens / _left : options.TypicalOutput;
        return Math.Min(expected, sequence.MaxTokens);
    }

    /// <summary>A round of admissions begins.</summary>
    public void Begin(RunningList running, Dictionary<Sequence, GroupRun> groupOf, IKvMemory memory)
    {
        _running = running;
        _groupOf = groupOf;
        _memory = memory;
        _isReady = false;
    }

    /// <summary>Whether a request may join.</summary>
    /// <param name="sequence">It holds no memory yet.</param>
    /// <param name="sharedTokens">Of its prompt, tokens in blocks that are in use already.</param>
    public bool Fits(Sequence sequence, int sharedTokens)
    {
        int blocks = _memory.BlocksFor(sequence.TotalTokens - sharedTokens);
        if (!options.MemoryBatching) return _memory.FreeBlocks - blocks >= (int)(options.Watermark * _memory.TotalBlocks);
        double limitTokens = options.KvThreshold * _memory.TotalBlocks * _memory.BlockTokens;
        if ((double)(_memory.UsedBlocks + blocks) * _memory.BlockTokens > limitTokens) return false;
        if (!_isReady) Forecast();
        long staying = ((long)_memory.UsedBlocks * _memory.BlockTokens) - _ownTokens;
        int own = blocks * _memory.BlockTokens;
        return staying + _forecast.PeakWith(own, Growth(sequence, own + sharedTokens)) <= limitTokens;
    }

    /// <summary>A request joined: those that follow in this round count it.</summary>
    public void Started(Sequence sequence, GroupRun group)
    {
        if (!_isReady) return;
        int own = OwnTokens(sequence, group);
        _forecast.Join(own, Growth(sequence, sequence.KvBlocks * _memory.BlockTokens));
        _ownTokens += own;
    }

    private void Forecast()
    {
        _forecast.Clear();
        _ownTokens = 0;
        for (int i = 0; i < _running.Count; i++)
        {
            Sequence sequence = _running[i];
            int own = OwnTokens(sequence, _groupOf[sequence]);
            _forecast.Add(own, Growth(sequence, sequence.KvBlocks * _memory.BlockTokens));
            _ownTokens += own;
        }
        _forecast.Sort();
        _isReady = true;
    }

    private int OwnTokens(Sequence sequence, GroupRun group) =>
        (sequence.KvBlocks * _memory.BlockTokens) - (group.Pin?.Tokens ?? 0);

    /// <summary>Tokens of whole blocks beyond the room it holds until its expected end; the last output token needs no KV.</summary>
    private int Growth(Sequence sequence, int roomTokens)
    {
        double expected = Math.Max(ExpectedTokens(sequence), sequence.GeneratedTokens + 1);
        int most = _memory.BlocksFor(sequence.PromptTokens + sequence.ReturnedTokens + (int)Math.Ceiling(expected) - 1) * _memory.BlockTokens;
        return Math.Max(1, most - roomTokens);
    }
}
