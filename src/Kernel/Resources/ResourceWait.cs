using System.Runtime.CompilerServices;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Resources;

/// <summary>What a process awaits at a resource: true when it got what it asked for, false when its deadline came first.</summary>
/// <remarks>
/// The place in the queue is taken by the call that returns this, so await it at once. A process that is cancelled while it waits leaves
/// the queue; one that is cancelled after it was served and before it ran gives back what it got. Awaiting allocates nothing.
/// </remarks>
public readonly struct ResourceWait
{
    private readonly IWaitOwner? _owner;
    private readonly Process _process;
    private readonly int _slot;
    private readonly Instant _deadline;

    internal ResourceWait(IWaitOwner owner, Process process, int slot, Instant deadline)
    {
        _owner = owner;
        _process = process;
        _slot = slot;
        _deadline = deadline;
    }

    /// <summary>A wait that is already over: served at once.</summary>
    public static ResourceWait Done => default;

    public Awaiter GetAwaiter() => new(this);

    internal static Process Caller(Clock clock) =>
        clock.Current ?? throw new InvalidOperationException("only a process spawned on this clock can wait for its resources");

    public readonly struct Awaiter(ResourceWait wait) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => wait._owner is null;

        public bool GetResult()
        {
            if (wait._owner is null) return true;
            bool served = wait._owner.EndWait(wait._slot, wait._process.CancelRequested);
            // Throws when the process was cancelled.
            wait._process.TakeResult();
            return served;
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            wait._process.Park(continuation, wait._owner!, wait._deadline, Phase.Deliver);
            wait._owner!.Parked(wait._slot);
        }
    }
}

/// <summary>A resource that processes wait at.</summary>
internal interface IWaitOwner
{
    /// <summary>The process in the slot now waits: wake it if its turn came between the call and the await.</summary>
    void Parked(int slot);

    /// <summary>The process in the slot runs again, for whatever reason. Frees the slot.</summary>
    /// <returns>True when it was served. When it was cancelled, the owner has taken back what it got.</returns>
    bool EndWait(int slot, bool cancelled);
}
