using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.BatchLlm;

/// <summary>A group on its way: who waits, who runs, and where its prefix stands.</summary>
internal sealed class GroupRun
{
    // The next to start is the last of the list.
    private readonly List<Sequence> _waiting;

    public GroupRun(PrefixGroup group, int order)
    {
        PrefixTokens = group.PrefixTokens;
        Order = order;
        _waiting = [.. group.Members.Reverse()];
    }

    public int PrefixTokens { get; }

    /// <summary>Lower goes first.</summary>
    public int Order { get; }

    /// <summary>Computes the prefix as the head of its own prompt; nobody else of the group starts meanwhile.</summary>
    public Sequence? Leader { get; set; }

    /// <summary>The prefix in memory; null before the leader is through, and where memory shares nothing.</summary>
    public KvPin? Pin { get; private set; }

    /// <summary>True when members may start: the prefix is there, or there is none to wait for.</summary>
    public bool IsReady { get; private set; }

    public int RunningCount { get; set; }

    /// <summary>Decodes of the plan being made.</summary>
    public int Planned { get; set; }

    public int WaitingCount => _waiting.Count;

    public bool IsOver => _waiting.Count == 0 && RunningCount == 0;

    public Sequence Head => _waiting[^1];

    public void RemoveHead() => _waiting.RemoveAt(_waiting.Count - 1);

    public void PutBack(Sequence sequence) => _waiting.Add(sequence);

    public bool RemoveWaiting(Sequence sequence) => _waiting.Remove(sequence);

    /// <summary>Pins the prefix when the leader has computed it.</summary>
    public void Settle(IKvMemory memory)
    {
        if (Leader is not { } leader || leader.ComputedTokens < PrefixTokens) return;
        Pin = memory.Pin(leader, PrefixTokens);
        Leader = null;
        IsReady = true;
    }

    public void Unpin(IKvMemory memory)
    {
        if (Pin is { } pin) memory.Unpin(pin);
        Pin = null;
        LoseUnheldPrefix();
    }

    /// <summary>With neither a pin nor a running member nothing keeps the prefix: somebody must compute it again.</summary>
    public void LoseUnheldPrefix()
    {
        if (Pin is null && RunningCount == 0) IsReady = false;
    }
}
