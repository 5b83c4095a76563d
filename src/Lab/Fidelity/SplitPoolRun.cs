namespace Orrery.Lab.Fidelity;

/// <summary>
/// A prefill and a decode pool serve a fixed number of clients. Prefill engines take waiting prompts first come first served, as many at once as
/// their budget and data ranks allow; sequences spread evenly over the decode engines, which run from event to event at their current step time.
/// </summary>
internal sealed class SplitPoolRun
{
    private readonly FixedConcurrency _load;
    private readonly PrefillPool _prefill;
    private readonly DecodePool _decode;
    private readonly ConcurrencyTally _tally;
    private readonly DecodeSet _decodes;
    private readonly StepTimer _prefillTimer;
    private readonly StepTimer _decodeTimer;

    /// <summary>Requests whose cache is under way, by arrival at the decode pool.</summary>
    private readonly PriorityQueue<int, (double At, int Order)> _sent = new();
    private readonly PriorityQueue<int, (double At, int Engine)> _engines = new();
    private readonly Queue<int> _arrived = new();
    private readonly List<int> _batch = [];
    private readonly long _budget;
    private readonly double _reservedShare;
    private long _kvFree;
    private int _order;
    private double _now;

    public SplitPoolRun(FixedConcurrency load, PrefillPool prefill, DecodePool decode, DeploymentEngine engine)
    {
        _load = load;
        _prefill = prefill;
        _decode = decode;
        _tally = new(load, engine.RequestSeconds + engine.HandOverSeconds, firstTokenSteps: 0);
        _decodes = new(load);
        _prefillTimer = new(prefill.Cost, prefill.DataRanks, prefill.Prompts);
        _decodeTimer = new(decode.Cost, decode.DataRanks, PromptCost.None);
        _budget = (long)engine.TokenBudget * prefill.DataRanks;
        _reservedShare = engine.ReservedOutputShare;
        _kvFree = decode.KvTokens * decode.Workers;
        for (int i = 0; i < prefill.Workers; i++) _engines.Enqueue(i, (0, i));
    }

    public ConcurrencyResult Run()
    {
        _tally.Open();
        while (!_tally.IsDone)
        {
            StartPrefills();
            double step = _decodes.Count == 0
                ? 1
                : _decodeTimer.DecodeSeconds((_decodes.Count + _decode.Workers - 1) / _decode.Workers, _decodes.MeanContext);
            double steps = _decodes.StepsToEnd;
            double until = _now + (steps * step);
            if (_sent.TryPeek(out _, out (double At, int) next) && next.At < until) until = next.At;
            if (_tally.Waiting.Count > 0 && _engines.TryPeek(out _, out (double At, int) free) && free.At < until) until = Math.Max(_now, free.At);
            _decodes.Advance(until >= _now + (steps * step) ? steps : (until - _now) / step);
            _now = until;
            while (_decodes.TryTake(out int ended)) Release(ended);
            while (_sent.TryPeek(out int request, out (double At, int) due) && due.At <= _now)
            {
                _sent.Dequeue();
                _arrived.Enqueue(request);
            }
            Join();
        }
        return _tally.Result(_now);
    }

    private void StartPrefills()
    {
        while (_tally.Waiting.Count > 0 && _engines.TryPeek(out int engine, out (double At, int) free) && free.At <= _now)
        {
            _engines.Dequeue();
            double end = _now + Batch();
            _engines.Enqueue(engine, (end, engine));
            foreach (int request in _batch) _sent.Enqueue(request, (end + (_load.Prompt(request) * _prefill.SendSecondsPerToken), _order++));
        }
    }

    /// <summary>Takes the prompts of one prefill step and returns its time.</summary>
    private double Batch()
    {
        _batch.Clear();
        _prefillTimer.Begin(0, 0);
        long room = _budget;
        int tokens = 0;
        while (_tally.Waiting.TryPeek(out int request))
        {
            tokens = _load.Prompt(request);
            if (_batch.Count > 0 && tokens > room) break;
            room -= tokens;
            _batch.Add(_tally.Waiting.Dequeue());
            _prefillTimer.AddChunk(tokens, 0, finishes: true);
        }
        _prefillTimer.FillRanks(_batch.Count, _load.Prompt(_batch[^1]), 0);
        return _prefillTimer.Seconds();
    }

    /// <summary>Sequences whose cache has arrived start to decode when there is room.</summary>
    private void Join()
    {
        while (_arrived.TryPeek(out int request))
        {
            if (Need(request) > _kvFree && _decodes.Count > 0) return;
            _arrived.Dequeue();
            _kvFree -= Need(request);
            _tally.First(request, _now);
            if (_load.Output(request) > 1) _decodes.Add(request);
            else Release(request);
        }
    }

    private void Release(int request)
    {
        _kvFree += Need(request);
        _tally.Finish(request, _now);
    }

    private long Need(int request) => _load.Prompt(request) + (long)(_load.Output(request) * _reservedShare);
}
