using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;
using Instant = Orrery.Kernel.Time.Instant;

namespace Orrery.Serving.Swap;

/// <summary>
/// Host copies that nobody waits for: of sequences that are on the device as well, and of conversations between two turns. They stay
/// valid until the pool is short; then they are overwritten from their ends, those of the least urgent first, among equals those that
/// were written longest ago.
/// </summary>
/// <remarks>Source: KV cache reuse and contamination of FastSwitch, arXiv 2411.18424 (b).</remarks>
/// <param name="onShorter">Told of a resident sequence whose copy has become shorter.</param>
internal sealed class SpareCopies(Action<Sequence> onShorter)
{
    private readonly SortedSet<Copy> _byWorth = new(Comparer<Copy>.Create(Compare));
    private readonly Dictionary<Sequence, Copy> _ofResidents = [];
    private readonly Dictionary<(long Session, int Adapter), Copy> _parked = [];
    private long _next;

    /// <summary>Tokens of all spare copies.</summary>
    public long Tokens { get; private set; }

    /// <summary>Tokens of conversations between two turns.</summary>
    public long ParkedTokens { get; private set; }

    /// <summary>Tokens that were overwritten so far.</summary>
    public long Overwritten { get; private set; }

    /// <summary>A sequence is back on the device; its copy stays valid up to <see cref="Sequence.HostTokens"/>.</summary>
    public void Keep(Sequence sequence)
    {
        if (sequence.HostTokens == 0) return;
        Copy copy = new(_next++, sequence, sequence.HostTokens) { IsResident = true };
        _ofResidents.Add(sequence, copy);
        _byWorth.Add(copy);
        Tokens += copy.Tokens;
    }

    /// <summary>A sequence's own copy is no longer spare: it is about to be completed, or worthless.</summary>
    public void Withdraw(Sequence sequence)
    {
        if (_ofResidents.TryGetValue(sequence, out Copy? copy)) Forget(copy);
    }

    /// <summary>A turn has ended: its leading tokens wait for the next turn of the conversation.</summary>
    public void Park(Sequence sequence, int tokens)
    {
        if (tokens == 0) return;
        Copy copy = new(_next++, sequence, tokens);
        _parked.Add(KeyOf(sequence), copy);
        _byWorth.Add(copy);
        Tokens += tokens;
        ParkedTokens += tokens;
    }

    /// <summary>Takes what is kept of a sequence's conversation: its valid tokens, and how many of them its prompt repeats.</summary>
    public (int Tokens, int Repeated, Instant ReadyAt) Unpark(Sequence sequence)
    {
        if (!_parked.TryGetValue(KeyOf(sequence), out Copy? copy)) return default;
        (int, int, Instant) found = (copy.Tokens, Math.Min(copy.Tokens, Repeated(copy.Turn, sequence.Request)), copy.ReadyAt);
        Forget(copy);
        return found;
    }

    /// <summary>Overwrites up to so many tokens of copies that are not worth more than a sequence's.</summary>
    /// <returns>Tokens freed.</returns>
    public int Overwrite(int tokens, Sequence? worthAtMost = null)
    {
        int freed = 0;
        while (freed < tokens && _byWorth.Min is { } copy)
        {
            if (worthAtMost is not null && Worth(copy.Standing, copy.Priority, worthAtMost.Standing, worthAtMost.Priority) > 0) break;
            int cut = Math.Min(copy.Tokens, tokens - freed);
            freed += cut;
            Overwritten += cut;
            if (cut == copy.Tokens)
            {
                if (copy.IsResident) Shorten(copy.Sequence!, 0);
                Forget(copy);
                continue;
            }
            copy.Tokens -= cut;
            Tokens -= cut;
            if (copy.IsResident) Shorten(copy.Sequence!, copy.Tokens);
            else ParkedTokens -= cut;
        }
        return freed;
    }

    private void Shorten(Sequence sequence, int tokens)
    {
        sequence.HostTokens = tokens;
        onShorter(sequence);
    }

    /// <summary>Leading tokens of a prompt that an earlier turn has in its prompt or its answer, as far as both are named.</summary>
    internal static int Repeated(Request before, Request next)
    {
        if (before.Content is null || next.Content is null || before.Adapter != next.Adapter) return 0;
        long same = 0;
        int index = 0;
        foreach (TokenSpan span in before.Content)
        {
            if (index == next.Content.Length || next.Content[index].ContentId != span.ContentId) return (int)same;
            TokenSpan other = next.Content[index++];
            same += Math.Min(span.Tokens, other.Tokens);
            if (span.Tokens != other.Tokens) return (int)same;
        }
        bool answerFollows = same == before.PromptTokens && before.OutputContentId != 0
            && index < next.Content.Length && next.Content[index].ContentId == before.OutputContentId;
        return (int)Math.Min(same + (answerFollows ? next.Content[index].Tokens : 0), next.PromptTokens);
    }

    private static (long Session, int Adapter) KeyOf(Sequence sequence) => (sequence.Request.Session, sequence.Adapter);

    private void Forget(Copy copy)
    {
        _byWorth.Remove(copy);
        Tokens -= copy.Tokens;
        if (copy.IsResident)
        {
            _ofResidents.Remove(copy.Sequence!);
            return;
        }
        ParkedTokens -= copy.Tokens;
        _parked.Remove((copy.Turn.Session, copy.Turn.Adapter));
    }

    private static int Compare(Copy a, Copy b)
    {
        int worth = Worth(a.Standing, a.Priority, b.Standing, b.Priority);
        return worth != 0 ? worth : a.Number.CompareTo(b.Number);
    }

    /// <summary>Below zero where the first is less urgent than the second.</summary>
    private static int Worth(double standing, int priority, double otherStanding, int otherPriority)
    {
        int order = otherStanding.CompareTo(standing);
        return order != 0 ? order : otherPriority.CompareTo(priority);
    }

    /// <summary>What was known when it was written: its place in the order must not change while it is there.</summary>
    private sealed class Copy(long number, Sequence sequence, int tokens)
    {
        public long Number => number;

        public Request Turn { get; } = sequence.Request;

        public double Standing { get; } = sequence.Standing;

        public int Priority { get; } = sequence.Priority;

        public Instant ReadyAt { get; } = sequence.HostReadyAt;

        public int Tokens { get; set; } = tokens;

        /// <summary>Of a sequence that is on the device as well; else of a conversation between two turns.</summary>
        public bool IsResident { get; init; }

        public Sequence? Sequence => IsResident ? sequence : null;
    }
}
