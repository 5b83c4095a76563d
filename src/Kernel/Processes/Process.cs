using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>
/// One named <c>async</c> method on a <see cref="Clock"/>. It waits for one thing at a time, so it needs one continuation slot and its
/// waits allocate nothing.
/// </summary>
public sealed class Process
{
    private readonly Clock _clock;
    private Action? _continuation;
    private bool _woken;

    internal Process(Clock clock, string name, int lane, bool background)
    {
        _clock = clock;
        Name = name;
        Lane = lane;
        IsBackground = background;
    }

    public string Name { get; }

    /// <summary>Ordinal of the process on its clock: breaks ties within a phase of an instant.</summary>
    public int Lane { get; }

    /// <summary>A background process may wait for ever without that being a deadlock (a replica waiting for requests).</summary>
    public bool IsBackground { get; }

    public bool IsFinished { get; private set; }

    /// <summary>What the process waits for, for the deadlock report; null while it runs.</summary>
    public object? WaitsFor { get; private set; }

    /// <summary>Grows at every resumption, so that queue entries made before it are recognised as stale.</summary>
    internal uint Version { get; private set; }

    internal bool CancelRequested { get; private set; }

    /// <summary>Resumes a waiting process now, in a phase. False (and no effect) when it does not wait or is already resuming.</summary>
    /// <remarks>The process continues from the event loop, never inside this call.</remarks>
    public bool Wake(Phase phase = Phase.Deliver)
    {
        if (_continuation is null || _woken) return false;
        _woken = true;
        Version++;
        _clock.Queue.Push(_clock.Now, phase, this);
        return true;
    }

    /// <summary>Ends the process: its present or next wait throws <see cref="ProcessCancelledException"/>, which unwinds it quietly.</summary>
    public void Cancel()
    {
        if (IsFinished) return;
        CancelRequested = true;
        Wake();
    }

    internal void Park(Action continuation, object waitsFor, Instant deadline, Phase phase)
    {
        _continuation = continuation;
        _woken = false;
        WaitsFor = waitsFor;
        if (CancelRequested) Wake();
        else if (!deadline.IsNever) _clock.Queue.Push(deadline, phase, this);
    }

    /// <summary>True when the last wait ended by <see cref="Wake"/>, false when its deadline came.</summary>
    internal bool TakeResult()
    {
        if (CancelRequested) throw new ProcessCancelledException(Name);
        return _woken;
    }

    internal void Resume()
    {
        Version++;
        Action continuation = _continuation!;
        _continuation = null;
        WaitsFor = null;
        continuation();
    }

    internal void Finish() => IsFinished = true;

    public override string ToString() => Name;
}

/// <summary>Unwinds a process that was cancelled.</summary>
public sealed class ProcessCancelledException(string name) : OperationCanceledException($"process '{name}' was cancelled");

/// <summary>A process ended with an exception; the run stops and names it.</summary>
public sealed class ProcessFaultException(string name, Instant at, Exception inner)
    : Exception($"process '{name}' failed at {at}: {inner.Message}", inner);

/// <summary>Nothing is scheduled and processes still wait. The message lists who waits for what.</summary>
public sealed class DeadlockException(string message) : Exception(message);
