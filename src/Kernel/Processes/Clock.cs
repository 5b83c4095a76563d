using System.Text;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>
/// Time and processes. <see cref="VirtualClock"/> jumps from event to event; <see cref="WallClock"/> waits for them. Code written
/// against this class runs unchanged on both.
/// </summary>
/// <remarks>
/// One thread runs all continuations; they are queued and never nested. <see cref="Now"/> is frozen while a continuation runs. Other
/// threads may only call <see cref="Post"/>, <see cref="BeginExternal"/> and <see cref="Stop"/>.
/// </remarks>
public abstract class Clock
{
    private static readonly object DelayReason = "a delay";

    private readonly List<Process> _processes = [];
    private int _nextLane;
    private ProcessFaultException? _fault;
    private volatile bool _stopped;

    public Instant Now { get; protected set; }

    /// <summary>The process whose continuation runs; null between continuations.</summary>
    public Process? Current { get; private set; }

    /// <summary>
    /// True when no other event waits at this instant, in whatever phase: the running continuation may then act as if it were the
    /// last, and need not queue itself behind the others.
    /// </summary>
    public bool IsAloneNow => Queue.NextTime > Now;

    /// <summary>Continuations run so far.</summary>
    public long Events { get; private set; }

    /// <summary>True after <see cref="Stop"/>: the loop ends before the next event.</summary>
    public bool IsStopped => _stopped;

    internal EventQueue Queue { get; } = new();

    /// <summary>Starts a process at the present instant, after the running continuation.</summary>
    /// <param name="name">Shown in faults and deadlock reports.</param>
    /// <param name="body">The process. An exception that leaves it stops the run with the name.</param>
    /// <param name="background">True when waiting for ever is its normal end.</param>
    public Process Spawn(string name, Func<ValueTask> body, bool background = false)
    {
        Process process = new(this, name, _nextLane++, background);
        _processes.Add(process);
        process.Park(() => _ = Supervise(process, body), "its start", Now, Phase.Deliver);
        return process;
    }

    /// <summary>Waits for a span of virtual or wall time.</summary>
    public Wait Delay(Duration duration, Phase phase = Phase.Deliver) => Wait.Park(this, DelayReason, Now + duration, phase);

    /// <summary>Waits until an instant and phase; an instant in the past means now.</summary>
    public Wait Until(Instant at, Phase phase = Phase.Deliver) => Wait.Park(this, DelayReason, Instant.Max(at, Now), phase);

    /// <summary>Runs an action on the loop, as soon as possible, stamped with the loop's time. The only entry for other threads.</summary>
    public abstract void Post(Action action);

    /// <summary>Counts a piece of work outside the loop as in flight, so that the loop does not end before it is posted back.</summary>
    public abstract ExternalWork BeginExternal();

    /// <summary>Ends the loop before its next event. Callable from any thread.</summary>
    public virtual void Stop() => _stopped = true;

    protected bool TryStep(Instant limit)
    {
        if (!Queue.TryPop(limit, out Instant time, out Process target)) return false;
        if (time > Now) Now = time;
        Step(target);
        return true;
    }

    /// <exception cref="DeadlockException">A process that is not a background process waits and nothing can wake it.</exception>
    protected void ThrowIfDeadlocked()
    {
        StringBuilder? report = null;
        foreach (Process process in _processes)
        {
            if (process.IsFinished || process.IsBackground) continue;
            report ??= new($"nothing is scheduled at {Now} and processes still wait:");
            report.Append("\n  ").Append(process.Name).Append(" waits for ").Append(process.WaitsFor);
        }
        if (report is not null) throw new DeadlockException(report.ToString());
    }

    private void Step(Process target)
    {
        Events++;
        Current = target;
        target.Resume();
        Current = null;
        if (_fault is not null) throw _fault;
    }

    private async Task Supervise(Process process, Func<ValueTask> body)
    {
        try
        {
            await body().ConfigureAwait(false);
        }
        catch (ProcessCancelledException) when (process.CancelRequested)
        {
        }
#pragma warning disable CA1031 // Whatever leaves a process is rethrown by the loop, with the name of the process.
        catch (Exception error)
        {
            _fault ??= new ProcessFaultException(process.Name, Now, error);
        }
#pragma warning restore CA1031
        process.Finish();
        if (_processes.Count > 64 && process.Lane % 64 == 0) _processes.RemoveAll(static p => p.IsFinished);
    }
}

/// <summary>Work that another thread does for a process on the loop; complete it exactly once.</summary>
public sealed class ExternalWork(Clock clock, Action onCompleted)
{
    private int _completed;

    /// <summary>Runs <paramref name="then"/> on the loop and ends the count. Callable from any thread; later calls are ignored.</summary>
    public void Complete(Action then)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0) return;
        clock.Post(() =>
        {
            onCompleted();
            then();
        });
    }
}
