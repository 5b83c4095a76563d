namespace Orrery.Live.Api;

/// <summary>Whether the server takes requests, and how many it is working on.</summary>
public sealed class ServiceState
{
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private int _inFlight;
    private bool _isDraining;

    /// <summary>New requests are refused; those under way end.</summary>
    public bool IsDraining
    {
        get
        {
            lock (_lock) return _isDraining;
        }
    }

    /// <summary>Requests under way that do work: answers, embeddings, tokens.</summary>
    public int InFlight
    {
        get
        {
            lock (_lock) return _inFlight;
        }
    }

    /// <summary>Ends when the server drains and nothing is under way.</summary>
    public Task Idle => _idle.Task;

    public void Drain()
    {
        lock (_lock)
        {
            _isDraining = true;
            if (_inFlight == 0) _idle.TrySetResult();
        }
    }

    /// <summary>A request wants to begin. False: the server drains.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_isDraining) return false;
            _inFlight++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _inFlight--;
            if (_isDraining && _inFlight == 0) _idle.TrySetResult();
        }
    }
}
