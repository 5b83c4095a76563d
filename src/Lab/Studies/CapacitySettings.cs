using Orrery.Documents.Expectations;

namespace Orrery.Lab.Studies;

/// <summary>What a capacity search is asked for.</summary>
public sealed record CapacitySettings
{
    /// <summary>A fortieth: finer than what different seeds usually differ by.</summary>
    public const double DefaultTolerance = 0.025;

    public const int DefaultSeeds = 3;

    /// <summary>Enough for twenty doublings and as many halvings of the bracket.</summary>
    public const int DefaultMostProbes = 40;

    /// <summary>All must be met. Empty: the scenario's objective at its attainment, or else what the scenario expects.</summary>
    public IReadOnlyList<Expectation> Goals { get; init; } = [];

    /// <summary>The bracket's ends differ by at most this share.</summary>
    public double RelativeTolerance { get; init; } = DefaultTolerance;

    /// <summary>Independent searches, each with its own traffic.</summary>
    public int Seeds { get; init; } = DefaultSeeds;

    /// <summary>The first seed; null for the scenario's own.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Most runs of one search.</summary>
    public int MostProbes { get; init; } = DefaultMostProbes;

    /// <summary>Searches at a time; 0 for one per core.</summary>
    public int Workers { get; init; }

    public bool FastForward { get; init; } = true;

    public CancellationToken Cancel { get; init; }

    /// <summary>Told of every probe as it ends, by one thread at a time.</summary>
    public Action<CapacityProbe>? Progress { get; init; }
}
