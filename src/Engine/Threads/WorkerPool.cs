namespace Orrery.Engine.Threads;

/// <summary>Threads that stay alive between pieces of work; the caller's thread is worker zero.</summary>
/// <remarks>
/// A forward pass hands out some hundred pieces of work per token, each of which lasts microseconds to milliseconds. Workers therefore spin for
/// a moment before they park. Two threads that spin for long collapse when another process takes a core, so the spin is bounded and then the
/// thread gives its core away. Nothing is allocated per piece of work.
/// </remarks>
public sealed class WorkerPool : IDisposable
{
    /// <summary>Rounds of the spin before a worker parks: some 20 microseconds, longer than the gaps within a forward pass.</summary>
    private const int SpinsBeforePark = 400;

    /// <summary>Turns of one pause: the processor's own pause instruction, some tens of cycles each.</summary>
    private const int PausesPerSpin = 4;

    private readonly Thread[] _threads;
    private readonly Lock _gate = new();
    private readonly object _wake = new();
    private IParallelWork? _work;
    private Exception? _failure;
    private int _round;
    private int _running;
    private int _parked;
    private bool _stopping;

    /// <param name="workers">Threads in all, the caller's included; 0 takes one per processor.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative number.</exception>
    public WorkerPool(int workers = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        Workers = workers == 0 ? Environment.ProcessorCount : workers;
        _threads = new Thread[Workers - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"orrery-engine-{worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that share each piece of work.</summary>
    public int Workers { get; }

    /// <summary>Does the work on all threads and returns when the last share is done.</summary>
    /// <remarks>Callers on several threads take turns; a share must not hand out work of its own. After all shares have ended, the exception of any is thrown as the inner one of another.</remarks>
    /// <exception cref="InvalidOperationException">A share failed.</exception>
    public void Run(IParallelWork work)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _work = work;
            _failure = null;
            Volatile.Write(ref _running, _threads.Length);
            Interlocked.Increment(ref _round);
            if (Volatile.Read(ref _parked) > 0) WakeAll();
            Share(work, 0);
            var spinner = default(SpinWait);
            // Spins, and gives the core away when that takes long; never sleeps.
            while (Volatile.Read(ref _running) > 0) spinner.SpinOnce(sleep1Threshold: -1);
            _work = null;
            if (_failure is { } failure) throw new InvalidOperationException("a share of parallel work failed", failure);
        }
    }

    /// <summary>Lets the threads end. Work in progress is finished first.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            Volatile.Write(ref _stopping, true);
            Interlocked.Increment(ref _round);
            WakeAll();
        }
        foreach (Thread thread in _threads) thread.Join();
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            seen = AwaitRound(seen);
            if (Volatile.Read(ref _stopping)) return;
            Share(_work!, worker);
            Interlocked.Decrement(ref _running);
        }
    }

    private void Share(IParallelWork work, int worker)
    {
        try
        {
            work.Run(worker, Workers);
        }
        catch (Exception failure)
        {
            // A thread that died silently would leave the caller waiting for ever.
            Interlocked.CompareExchange(ref _failure, failure, null);
        }
    }

    /// <summary>Waits until the round differs from the one seen: spins, then parks.</summary>
    private int AwaitRound(int seen)
    {
        for (int spin = 0; spin < SpinsBeforePark; spin++)
        {
            int round = Volatile.Read(ref _round);
            if (round != seen) return round;
            Thread.SpinWait(PausesPerSpin);
        }
        lock (_wake)
        {
            // The caller reads the number of parked threads after it has published the round; this order loses no wake-up.
            Interlocked.Increment(ref _parked);
            while (Volatile.Read(ref _round) == seen) Monitor.Wait(_wake);
            Interlocked.Decrement(ref _parked);
            return Volatile.Read(ref _round);
        }
    }

    private void WakeAll()
    {
        lock (_wake) Monitor.PulseAll(_wake);
    }
}
