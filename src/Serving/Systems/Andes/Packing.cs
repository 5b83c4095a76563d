namespace Orrery.Serving.Systems.Andes;

/// <summary>One who may be served: what that is worth and what it takes.</summary>
/// <param name="Gain">Q_serve − Q_wait, or what else counts.</param>
/// <param name="Tokens">l, its context.</param>
/// <param name="Blocks">KV blocks that it needs for its next step.</param>
/// <param name="Runs">It holds a place in the batch already.</param>
public readonly record struct PackItem(double Gain, int Tokens, int Blocks, bool Runs);

/// <summary>What limits a batch.</summary>
/// <param name="Blocks">M, KV blocks in all.</param>
/// <param name="Spare">Blocks that an admission must leave free, unless it would be alone.</param>
/// <param name="Misfit">What happens at the first that does not fit.</param>
/// <param name="KeepsRunning">Whoever runs comes first, whatever the others would gain.</param>
public readonly record struct PackLimits(int Blocks, int Spare, Misfit Misfit, bool KeepsRunning);

/// <summary>
/// Greedy packing for the exact-K-item knapsack max Σ gain_i·x_i, Σ x_i = B, Σ l_i·x_i ≤ M: by gain per token of context, p_i = gain_i / l_i,
/// most first (Andes, arXiv 2404.16283, b). O(N log N), where dynamic programming takes O(M·N²).
/// </summary>
public static class Packing
{
    /// <summary>Orders all items and takes from the front.</summary>
    /// <param name="order">Filled with indices of items, best first; equals keep running ones first, then the order given.</param>
    /// <param name="taken">Set for each item.</param>
    /// <returns>The gain of those taken, and how many they are.</returns>
    public static (double Gain, int Count) Pack(ReadOnlySpan<PackItem> items, int batch, PackLimits limits, Span<int> order, Span<bool> taken, Span<Key> keys)
    {
        for (int i = 0; i < items.Length; i++)
        {
            ref readonly PackItem item = ref items[i];
            double priority = limits.KeepsRunning && item.Runs ? double.PositiveInfinity : item.Gain / item.Tokens;
            keys[i] = new(priority, item.Runs ? i : i + items.Length);
        }
        keys = keys[..items.Length];
        keys.Sort();
        taken[..items.Length].Clear();
        double gain = 0;
        int count = 0;
        int used = 0;
        for (int rank = 0; rank < keys.Length; rank++) order[rank] = keys[rank].Tie % items.Length;
        for (int rank = 0; rank < keys.Length && count < batch; rank++)
        {
            ref readonly PackItem item = ref items[order[rank]];
            int room = limits.Blocks - (item.Runs || count == 0 ? 0 : limits.Spare);
            if (used + item.Blocks > room)
            {
                if (limits.Misfit == Misfit.Stop) break;
                continue;
            }
            used += item.Blocks;
            gain += item.Gain;
            count++;
            taken[order[rank]] = true;
        }
        return (gain, count);
    }

    /// <summary>Most who fit: the shortest first until memory is full.</summary>
    public static int MostThatFit(ReadOnlySpan<PackItem> items, int blocks, Span<int> sizes)
    {
        for (int i = 0; i < items.Length; i++) sizes[i] = items[i].Blocks;
        sizes = sizes[..items.Length];
        sizes.Sort();
        int count = 0;
        foreach (int size in sizes)
        {
            if (size > blocks) break;
            blocks -= size;
            count++;
        }
        return count;
    }

    /// <summary>Sorts by priority, highest first, then by the tie.</summary>
    public readonly record struct Key(double Priority, int Tie) : IComparable<Key>
    {
        public int CompareTo(Key other)
        {
            int order = other.Priority.CompareTo(Priority);
            return order != 0 ? order : Tie.CompareTo(other.Tie);
        }

        public static bool operator <(Key a, Key b) => a.CompareTo(b) < 0;

        public static bool operator >(Key a, Key b) => a.CompareTo(b) > 0;

        public static bool operator <=(Key a, Key b) => a.CompareTo(b) <= 0;

        public static bool operator >=(Key a, Key b) => a.CompareTo(b) >= 0;
    }
}
