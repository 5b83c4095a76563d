using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>Total orders of sequences: ties always end at the id, so equal runs make equal decisions.</summary>
public static class SequenceOrder
{
    /// <summary>First come first.</summary>
    public static Comparer<Sequence> ByArrival { get; } = Comparer<Sequence>.Create(CompareArrival);

    /// <summary>Lower priority value first, then first come first.</summary>
    public static Comparer<Sequence> ByPriority { get; } = Comparer<Sequence>.Create(ComparePriority);

    private static int CompareArrival(Sequence a, Sequence b)
    {
        int order = a.Arrival.CompareTo(b.Arrival);
        return order != 0 ? order : a.Id.CompareTo(b.Id);
    }

    private static int ComparePriority(Sequence a, Sequence b)
    {
        int order = a.Priority.CompareTo(b.Priority);
        return order != 0 ? order : CompareArrival(a, b);
    }
}
