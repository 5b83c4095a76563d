using System.Runtime.CompilerServices;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>What a process awaits. The result is true when it was woken, false when its deadline came first.</summary>
/// <remarks>A struct over the process's own continuation slot: awaiting allocates nothing.</remarks>
public readonly struct Wait
{
    private readonly Process? _process;
    private readonly object _reason;
    private readonly Instant _deadline;
    private readonly Phase _phase;

    private Wait(Process? process, object reason, Instant deadline, Phase phase)
    {
        _process = process;
        _reason = reason;
        _deadline = deadline;
        _phase = phase;
    }

    /// <summary>A wait that is already over (woken).</summary>
    public static Wait Done => default;

    /// <summary>Suspends the running process until <see cref="Process.Wake"/> or the deadline, whichever is first.</summary>
    /// <param name="clock">The clock whose current process will wait.</param>
    /// <param name="reason">Shown in a deadlock report; compared by reference by those who wake.</param>
    /// <exception cref="InvalidOperationException">No process is running on the clock.</exception>
    public static Wait Park(Clock clock, object reason, Instant deadline, Phase phase = Phase.Deliver) =>
        new(clock.Current ?? throw new InvalidOperationException("only a process spawned on this clock can wait on it"), reason, deadline, phase);

    public Awaiter GetAwaiter() => new(this);

    public readonly struct Awaiter(Wait wait) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => wait._process is null;

        public bool GetResult() => wait._process is null || wait._process.TakeResult();

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => wait._process!.Park(continuation, wait._reason, wait._deadline, wait._phase);
    }
}
