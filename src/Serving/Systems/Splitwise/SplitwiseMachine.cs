using Orrery.Serving.Routing;

namespace Orrery.Serving.Systems.Splitwise;

/// <summary>What the cluster scheduler remembers of a machine: sums over the requests that it placed there.</summary>
internal sealed class SplitwiseMachine(ReplicaRole home)
{
    /// <summary>The pool that it belongs to.</summary>
    public ReplicaRole Home { get; } = home;

    /// <summary>The pool that it is in now.</summary>
    public ReplicaRole Pool { get; set; } = home;

    /// <summary>Prompt tokens not read yet, and one for each request that decodes here.</summary>
    public long PendingTokens { get; set; }

    /// <summary>Tokens of KV memory set aside.</summary>
    public long ReservedTokens { get; set; }

    /// <summary>Phases of requests that are placed here.</summary>
    public int Phases { get; set; }
}

/// <summary>Where a request is, and what was booked for it.</summary>
internal sealed record SplitwisePlacement(int Prompt, int Token, int PromptTokens, int WholeTokens)
{
    public bool IsPromptDone { get; set; }
}
