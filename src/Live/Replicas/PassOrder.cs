namespace Orrery.Live.Replicas;

/// <summary>
/// Puts the parts of a step that takes several passes in an order in which nobody attends to pages that a later pass fills: with a prefix cache,
/// a sequence may claim pages that another fills in the same step, and plans name sequences in any order.
/// </summary>
internal sealed class PassOrder
{
    private readonly Dictionary<int, int> _writers = [];
    private readonly List<int> _order = [];
    private readonly HashSet<int> _placed = [];

    /// <summary>The order; valid until the next call.</summary>
    /// <param name="parts">Of the step.</param>
    /// <param name="pages">All page tables.</param>
    /// <param name="pageTokens">Tokens of a page.</param>
    public IReadOnlyList<int> Of(ReadOnlySpan<EngineStep.Part> parts, ReadOnlySpan<int> pages, int pageTokens)
    {
        _writers.Clear();
        _order.Clear();
        _placed.Clear();
        for (int i = 0; i < parts.Length; i++)
        {
            for (int page = parts[i].First / pageTokens; page <= (parts[i].End - 1) / pageTokens; page++) _writers[pages[parts[i].PageOffset + page]] = i;
        }
        for (int i = 0; i < parts.Length; i++) Place(i, parts, pages, pageTokens);
        return _order;
    }

    /// <summary>Whoever claims pages had them claimed before it: the chains end.</summary>
    private void Place(int part, ReadOnlySpan<EngineStep.Part> parts, ReadOnlySpan<int> pages, int pageTokens)
    {
        if (!_placed.Add(part)) return;
        for (int page = 0; page < parts[part].First / pageTokens; page++)
            if (_writers.TryGetValue(pages[parts[part].PageOffset + page], out int writer)) Place(writer, parts, pages, pageTokens);
        _order.Add(part);
    }
}
