using Orrery.Serving.Lending;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Replicas;

/// <summary>What lending of KV memory needs of a replica beside what moving sequences does.</summary>
public sealed partial class Replica : ILendingHost
{
    void ILendingHost.SettleGrowth()
    {
        if (IsRunningAhead) TakeGrowthSoFar();
    }

    bool ILendingHost.TryReserve(int blocks) => TryReserve(blocks);

    void ILendingHost.Unreserve(int blocks) => Unreserve(blocks);

    void ILendingHost.Reconsider()
    {
        _needsPlan = true;
        if (!WakeToPlan()) CutRun();
    }

    void ILendingHost.Recompute(Sequence sequence) => Detach(sequence, isOut =>
    {
        if (!isOut) return;
        FreeMemory(sequence);
        sequence.ComputedTokens = 0;
        sequence.Preemptions++;
        sequence.IsMoving = false;
        _moving--;
        _scheduler.Resume(sequence, first: true);
    });
}
