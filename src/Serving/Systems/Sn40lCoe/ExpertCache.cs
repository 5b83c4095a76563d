namespace Orrery.Serving.Systems.Sn40lCoe;

/// <summary>The experts in fast memory: whoever was used longest ago gives way (a).</summary>
/// <param name="capacity">How many fit, at least 1.</param>
public sealed class ExpertCache(int capacity)
{
    private readonly Dictionary<int, LinkedListNode<int>> _resident = [];
    private readonly LinkedList<int> _byUse = new();

    public int Capacity { get; } = capacity >= 1 ? capacity : throw new ArgumentOutOfRangeException(nameof(capacity));

    public bool Holds(int expert) => _resident.ContainsKey(expert);

    /// <summary>Uses an expert, bringing it in where it is not resident.</summary>
    /// <param name="pinned">An expert that runs now and cannot give way; negative for none.</param>
    /// <returns>False where it had to be brought in.</returns>
    public bool Use(int expert, int pinned = -1)
    {
        if (_resident.TryGetValue(expert, out LinkedListNode<int>? node))
        {
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return true;
        }
        if (_resident.Count == Capacity) Evict(pinned);
        _resident[expert] = _byUse.AddFirst(expert);
        return false;
    }

    private void Evict(int pinned)
    {
        LinkedListNode<int> last = _byUse.Last!;
        if (last.Value == pinned) last = last.Previous ?? throw new InvalidOperationException("the only resident expert is in use; nothing can be brought in");
        _resident.Remove(last.Value);
        _byUse.Remove(last);
    }
}
