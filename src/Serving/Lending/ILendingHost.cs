using Orrery.Serving.Sequences;

namespace Orrery.Serving.Lending;

/// <summary>A replica as the lending of its memory sees it. Everything is as single steps would have it at this instant.</summary>
public interface ILendingHost
{
    /// <summary>Blocks in use or set aside.</summary>
    int UsedBlocks { get; }

    /// <summary>Sequences of the running set.</summary>
    int RunningRequests { get; }

    /// <summary>Sequences that wait for a place in it.</summary>
    int WaitingRequests { get; }

    /// <summary>Requests here that have not left, in no order that means anything.</summary>
    IReadOnlyList<Sequence> Residents { get; }

    /// <summary>Leading tokens of a sequence that have their KV.</summary>
    int ComputedNow(Sequence sequence);

    /// <summary>Takes into the memory what a run of steps has used so far.</summary>
    void SettleGrowth();

    /// <summary>Sets memory aside for others; false when too little is free here.</summary>
    bool TryReserve(int blocks);

    /// <summary>Gives memory back that was set aside.</summary>
    void Unreserve(int blocks);

    /// <summary>Something that a plan depends on has changed: plan anew at the end of the step that runs.</summary>
    void Reconsider();

    /// <summary>A sequence has lost KV: it queues again, and all its tokens are computed anew.</summary>
    void Recompute(Sequence sequence);
}
