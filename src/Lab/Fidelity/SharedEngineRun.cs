namespace Orrery.Lab.Fidelity;

/// <summary>
/// One engine serves a fixed number of clients. Steps with prompts are taken one by one; between them decodes run ahead to the next end of a
/// request, at the step time of their middle (exact while step time is linear in context).
/// </summary>
internal sealed class SharedEngineRun
{
    private readonly FixedConcurrency _load;
    private readonly StepTimer _timer;
    private readonly DeploymentEngine _engine;
    private readonly ConcurrencyTally _tally;
    private readonly DecodeSet _decodes;
    private readonly List<int> _ready = [];
    private readonly long _budget;
    private long _kvFree;
    private int _head = -1;
    private int _headDone;
    private double _gatheredSteps;
    private double _now;

    public SharedEngineRun(FixedConcurrency load, StepTimer timer, long kvTokens, DeploymentEngine engine)
    {
        _load = load;
        _timer = timer;
        _engine = engine;
        _kvFree = kvTokens;
        _budget = (long)engine.TokenBudget * timer.DataRanks;
        _tally = new(load, engine.RequestSeconds, engine.FirstTokenSteps);
        _decodes = new(load);
    }

    public ConcurrencyResult Run()
    {
        _tally.Open();
        while (!_tally.IsDone)
        {
            if (!TryPrompts()) RunAhead();
        }
        return _tally.Result(_now);
    }

    /// <summary>A step with prompts, when one may start.</summary>
    private bool TryPrompts()
    {
        if (_head < 0 && (Gathers() || !Admit())) return false;
        _gatheredSteps = 0;
        bool mixes = _engine.Turn != PromptTurn.Alone;
        int decodes = mixes ? _decodes.Count : 0;
        _timer.Begin(decodes, _decodes.MeanContext);
        long room = Math.Max(1, _budget - decodes);
        // A rank computes no more of one prompt than its own budget.
        int most = Math.Max(1, _engine.TokenBudget - (decodes / _timer.DataRanks));
        int chunks = 0;
        int tokens = 0;
        int history = 0;
        _ready.Clear();
        do
        {
            int left = _load.Prompt(_head) - _headDone;
            int fits = (int)Math.Min(room, most);
            if (left > fits && chunks > 0 && _engine.Turn == PromptTurn.WholeWithDecodes) break;
            history = _headDone;
            tokens = Math.Min(left, fits);
            _timer.AddChunk(tokens, history, tokens == left);
            chunks++;
            room -= tokens;
            _headDone += tokens;
            if (tokens < left) break;
            _ready.Add(_head);
            _head = -1;
        }
        while (room > 0 && Admit());
        _timer.FillRanks(chunks, tokens, history);
        _now += _timer.Seconds();
        if (mixes) Advance(1);
        foreach (int request in _ready) Start(request);
        return true;
    }

    /// <summary>With data ranks, few prompts wait for more while decodes go on.</summary>
    private bool Gathers() =>
        _timer.DataRanks > 1 && _tally.Waiting.Count < _timer.DataRanks && _decodes.Count > 0 && _gatheredSteps < _engine.GatherSteps;

    private bool Admit()
    {
        if (!_tally.Waiting.TryPeek(out int request)) return false;
        long need = Need(request);
        // An empty engine takes whatever comes: its cache is too small for the benchmark, and the answer shows it.
        if (need > _kvFree && _decodes.Count + _ready.Count > 0) return false;
        _kvFree -= need;
        _head = _tally.Waiting.Dequeue();
        _headDone = 0;
        return true;
    }

    private void Start(int request)
    {
        _tally.First(request, _now);
        if (_load.Output(request) > 1) _decodes.Add(request);
        else Release(request);
    }

    /// <summary>Decodes alone, up to the end of the next request.</summary>
    private void RunAhead()
    {
        double steps = _decodes.StepsToEnd;
        if (_tally.Waiting.Count > 0 && Gathers())
        {
            steps = Math.Min(steps, _engine.GatherSteps - _gatheredSteps);
            _gatheredSteps += steps;
        }
        _now += steps * _timer.DecodeSeconds(_decodes.Count, _decodes.MeanContext + ((steps - 1) / 2));
        Advance(steps);
    }

    private void Advance(double steps)
    {
        _decodes.Advance(steps);
        while (_decodes.TryTake(out int request)) Release(request);
    }

    private void Release(int request)
    {
        _kvFree += Need(request);
        _tally.Finish(request, _now);
    }

    private long Need(int request) => _load.Prompt(request) + (long)(_load.Output(request) * _engine.ReservedOutputShare);
}
