namespace Orrery.Live.Replicas;

/// <summary>Something that a model computes between two steps.</summary>
internal interface IEngineErrand
{
    /// <summary>On the engine's thread; throws nothing.</summary>
    void Run();

    /// <summary>It will never run.</summary>
    void Abandon();
}

/// <summary>The thread on which a model computes: steps, and between them what is asked for besides, one piece at a time.</summary>
/// <remarks>Steps and errands take turns, so that neither starves the other.</remarks>
internal sealed class EngineThread : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<IEngineErrand> _errands = new();
    private readonly Thread _thread;
    private Action? _step;
    private bool _stopped;

    /// <param name="name">Of the thread, for debuggers.</param>
    public EngineThread(string name) => _thread = new(Run) { Name = name, IsBackground = true };

    /// <summary>Starts the thread, once.</summary>
    public void Open() => _thread.Start();

    /// <summary>Runs a step. One at a time.</summary>
    /// <param name="step">Throws nothing.</param>
    public void Start(Action step)
    {
        lock (_gate)
        {
            if (_step is not null) throw new InvalidOperationException("a step runs already");
            _step = step;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Runs something between two steps, or abandons it when the thread has been stopped.</summary>
    public void Ask(IEngineErrand errand)
    {
        lock (_gate)
        {
            if (!_stopped)
            {
                _errands.Enqueue(errand);
                Monitor.Pulse(_gate);
                return;
            }
        }
        errand.Abandon();
    }

    /// <summary>Ends the thread after what it is doing; errands that wait are abandoned. Waits for the end.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
        while (_errands.TryDequeue(out IEngineErrand? errand)) errand.Abandon();
    }

    private void Run()
    {
        while (true)
        {
            Action? step;
            IEngineErrand? errand;
            lock (_gate)
            {
                while (_step is null && _errands.Count == 0 && !_stopped) Monitor.Wait(_gate);
                if (_stopped) return;
                step = _step;
                _step = null;
                _errands.TryDequeue(out errand);
            }
            step?.Invoke();
            errand?.Run();
        }
    }
}
