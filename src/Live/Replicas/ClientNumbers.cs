namespace Orrery.Live.Replicas;

/// <summary>Gives clients the numbers that policies keep their accounts by.</summary>
internal sealed class ClientNumbers
{
    /// <summary>Accounts are kept for so many clients; those that come later share numbers with them, or anybody could fill the memory with names (our choice, d).</summary>
    public const int Most = 4096;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    public int Of(string client)
    {
        if (_numbers.TryGetValue(client, out int number)) return number;
        if (_numbers.Count >= Most) return (int)((uint)string.GetHashCode(client, StringComparison.Ordinal) % Most);
        _numbers.Add(client, _numbers.Count);
        return _numbers.Count - 1;
    }
}
