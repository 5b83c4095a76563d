using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>A sequence in a <see cref="RankedBatch"/> with what its policy says of it.</summary>
public class RankedMember(Sequence sequence)
{
    public Sequence Sequence => sequence;

    /// <summary>Lower runs first. May change only while the member runs: the queue is sorted by it.</summary>
    public double Rank { get; set; }

    /// <summary>A running member that does not give way to a better rank.</summary>
    public bool IsPinned { get; set; }

    /// <summary>How often it gave way to a better rank and kept its memory.</summary>
    public int Pauses { get; internal set; }

    internal bool IsTaken { get; set; }

    /// <summary>Rank, then first come first.</summary>
    public static Comparer<RankedMember> ByRank { get; } = Comparer<RankedMember>.Create(CompareRank);

    /// <summary>Pinned ones first.</summary>
    internal static Comparison<RankedMember> OrderOfService { get; } =
        static (a, b) => a.IsPinned != b.IsPinned ? (a.IsPinned ? -1 : 1) : CompareRank(a, b);

    private static int CompareRank(RankedMember a, RankedMember b)
    {
        int order = a.Rank.CompareTo(b.Rank);
        return order != 0 ? order : SequenceOrder.ByArrival.Compare(a.Sequence, b.Sequence);
    }
}
