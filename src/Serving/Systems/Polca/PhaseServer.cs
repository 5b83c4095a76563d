using Orrery.Kernel.Processes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>
/// One model on one server: prompts first, one after the other, each a step of its own; between them all others decode together, a token
/// each per step. Exact for that server: steps are whole, a step in flight is never changed, and what happens in between is found when it
/// is asked for.
/// </summary>
/// <remarks>Prompts and decodes do not share steps (d): under the published rules of this engine they do only where a prompt leaves room for them in 2,048 tokens.</remarks>
public sealed class PhaseServer : IPoweredServer
{
    private readonly Clock _clock;
    private readonly ServerPowerModel _power;
    private readonly ClockLaws _laws;
    private readonly LatencyTally _latencies;
    private readonly int _kvTokens;
    private readonly TimeWeighted _milliwatts;
    private readonly Queue<RowRequest> _waiting = new();
    private readonly PriorityQueue<RowRequest, long> _decoding = new();
    private RowRequest _prompt;
    private StepPace _pace = StepPace.Full;
    private double _hertz;
    private ServerPhase _phase;
    private long _reserved;

    // Decode steps since the start; a request ends when the counter reaches its own end.
    private long _steps;
    private long _phaseStart;
    private long _runSteps;
    private long _stepTime;

    /// <param name="clock">Whose time counts.</param>
    /// <param name="priority">Whose work it does.</param>
    /// <param name="power">What it draws.</param>
    /// <param name="laws">What a lower clock does to its steps.</param>
    /// <param name="latencies">Takes the latency of each request.</param>
    /// <param name="kvTokens">Tokens, prompt and output, that its memory holds; reserved for each request from its start.</param>
    public PhaseServer(Clock clock, ServerPriority priority, ServerPowerModel power, ClockLaws laws, LatencyTally latencies, int kvTokens)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(laws);
        ArgumentNullException.ThrowIfNull(power);
        _clock = clock;
        _power = power;
        _laws = laws;
        _latencies = latencies;
        _kvTokens = kvTokens;
        Priority = priority;
        _hertz = laws.FullHertz;
        _milliwatts = new(clock.Now, power.Milliwatts(ServerPhase.Idle, 0, _hertz));
    }

    public ServerPriority Priority { get; }

    /// <summary>Requests that wait or run.</summary>
    public int Live { get; private set; }

    /// <summary>End of what it does now, in nanoseconds; the largest number while it is idle.</summary>
    public long NextEnd { get; private set; } = long.MaxValue;

    public Int128 EnergyUntil(Instant now)
    {
        Advance(now.Nanoseconds);
        return _milliwatts.Integral(now);
    }

    public void SetClock(double hertz)
    {
        if (hertz == _hertz) return;
        Advance(_clock.Now.Nanoseconds);
        _hertz = hertz;
        _pace = _laws.PaceAt(hertz);
        long now = _clock.Now.Nanoseconds;
        // What begins at this very instant begins with the new clock.
        if (_phase == ServerPhase.Prompts && _phaseStart == now) StartPrompt(now);
        else CutRun(now);
    }

    /// <summary>A request arrives at the present instant.</summary>
    public void Submit(RowRequest request)
    {
        long now = _clock.Now.Nanoseconds;
        Advance(now);
        Live++;
        _waiting.Enqueue(request);
        if (_phase == ServerPhase.Idle) Begin(now);
        else if (CanStart(_waiting.Peek())) CutRun(now);
    }

    /// <summary>Lives through everything that ends up to an instant.</summary>
    public void Advance(long now)
    {
        while (NextEnd <= now)
        {
            long end = NextEnd;
            if (_phase == ServerPhase.Prompts) EndPrompt(end);
            else EndDecodes(end);
            Begin(end);
        }
    }

    private bool CanStart(RowRequest request) =>
        _decoding.Count < RowSteps.MostDecodes && (_reserved + request.PromptTokens + request.AnswerTokens <= _kvTokens || _decoding.Count == 0);

    private void Begin(long now)
    {
        if (_waiting.TryPeek(out RowRequest first) && CanStart(first))
        {
            _prompt = _waiting.Dequeue();
            _reserved += first.PromptTokens + first.AnswerTokens;
            StartPrompt(now);
            return;
        }
        if (_decoding.TryPeek(out _, out long stop))
        {
            Enter(ServerPhase.Decodes, now, _decoding.Count);
            _runSteps = stop - _steps;
            _stepTime = _pace.Nanoseconds(RowSteps.Decode(_decoding.Count), isDecodeOnly: true);
            NextEnd = now + (_runSteps * _stepTime);
            return;
        }
        Enter(ServerPhase.Idle, now, 0);
        NextEnd = long.MaxValue;
    }

    private void StartPrompt(long now)
    {
        Enter(ServerPhase.Prompts, now, _prompt.PromptTokens);
        NextEnd = now + _pace.Nanoseconds(RowSteps.Prompt(_prompt.PromptTokens), isDecodeOnly: false);
    }

    private void Enter(ServerPhase phase, long now, int stepTokens)
    {
        _phase = phase;
        _phaseStart = now;
        _milliwatts.Set(Instant.FromNanoseconds(now), _power.Milliwatts(phase, stepTokens, _hertz));
    }

    /// <summary>A run of decodes ends with the step in flight.</summary>
    private void CutRun(long now)
    {
        if (_phase != ServerPhase.Decodes) return;
        long steps = (now - _phaseStart + _stepTime - 1) / _stepTime;
        if (steps >= _runSteps) return;
        _runSteps = steps;
        NextEnd = _phaseStart + (steps * _stepTime);
        // A run that began at this very instant has not begun yet for what comes at it.
        if (steps == 0) Advance(now);
    }

    private void EndPrompt(long now)
    {
        if (_prompt.AnswerTokens == 1) Leave(_prompt, now);
        else _decoding.Enqueue(_prompt, _steps + _prompt.AnswerTokens - 1);
    }

    private void EndDecodes(long now)
    {
        _steps += _runSteps;
        while (_decoding.TryPeek(out RowRequest request, out long stop) && stop <= _steps)
        {
            _decoding.Dequeue();
            Leave(request, now);
        }
    }

    private void Leave(RowRequest request, long now)
    {
        Live--;
        _reserved -= request.PromptTokens + request.AnswerTokens;
        _latencies.Add(request.Arrival, now);
    }
}
