namespace Orrery.Serving.Lending;

/// <summary>
/// What the next step of one replica has to do beyond its own memory: which of its decodes attend to tokens elsewhere, and what it attends to for
/// others. Written when the step is planned, read when its cost is prepared.
/// </summary>
public sealed class RemoteWork
{
    private readonly List<int> _remoteOfDecode = [];
    private readonly SortedDictionary<int, List<int>> _byHolder = [];
    private readonly SortedDictionary<int, int[]> _guests = [];

    /// <summary>Tokens that lie elsewhere, for each decode of the step in the order of its items.</summary>
    public IReadOnlyList<int> RemoteOfDecode => _remoteOfDecode;

    /// <summary>For each holder the tokens of every decode that has some there.</summary>
    public IReadOnlyDictionary<int, List<int>> ByHolder => _byHolder;

    /// <summary>Tokens held here for decodes of others, by owner: attended in each of this replica's steps.</summary>
    public IReadOnlyDictionary<int, int[]> Guests => _guests;

    /// <summary>Guest tokens in all.</summary>
    public long GuestTokens { get; private set; }

    /// <summary>KV blocks that leave this replica during the step, as a fraction where a prompt fills them bit by bit.</summary>
    public double OutgoingBlocks { get; private set; }

    /// <summary>Where they go; the last of several.</summary>
    public int OutgoingTo { get; private set; }

    /// <summary>True when the step costs what its own tokens cost.</summary>
    public bool IsPlain => _byHolder.Count == 0 && _guests.Count == 0 && OutgoingBlocks == 0;

    /// <summary>Begins a plan. Guests stay.</summary>
    public void Clear()
    {
        _remoteOfDecode.Clear();
        _byHolder.Clear();
        OutgoingBlocks = 0;
    }

    /// <summary>Blocks leave during the step.</summary>
    public void Send(int holder, double blocks)
    {
        OutgoingBlocks += blocks;
        OutgoingTo = holder;
    }

    /// <summary>The next decode of the plan, with the tokens it has elsewhere.</summary>
    public void AddDecode(IReadOnlyList<RemotePart> parts, int blockTokens, int contextTokens)
    {
        int remote = 0;
        foreach (RemotePart part in parts)
        {
            // Room that a scheduler reserved ahead holds nothing yet.
            int tokens = Math.Min(part.Blocks * blockTokens, contextTokens - 1 - remote);
            if (tokens <= 0) continue;
            remote += tokens;
            if (!_byHolder.TryGetValue(part.Holder, out List<int>? there)) _byHolder.Add(part.Holder, there = []);
            there.Add(tokens);
        }
        _remoteOfDecode.Add(remote);
    }

    /// <summary>What an owner lets attend here from now on; none: nothing.</summary>
    public void SetGuests(int owner, int[] tokens)
    {
        if (_guests.Remove(owner, out int[]? before)) GuestTokens -= before.Sum(static n => (long)n);
        if (tokens.Length == 0) return;
        _guests.Add(owner, tokens);
        GuestTokens += tokens.Sum(static n => (long)n);
    }
}
