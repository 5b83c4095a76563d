namespace Orrery.Lab.Studies;

/// <summary>How a study is executed; nothing here but <see cref="Seed"/> and <see cref="Seeds"/> changes its result.</summary>
public sealed record StudySettings
{
    /// <summary>Where the journal lies; null keeps none, and then an interrupted study starts anew.</summary>
    public string? Folder { get; init; }

    /// <summary>The first seed; null for the scenario's own.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Replications of every variant, with seeds that count up from the first.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>Runs at a time; 0 for one per core.</summary>
    public int Workers { get; init; }

    /// <summary>False plans every step singly.</summary>
    public bool FastForward { get; init; } = true;

    /// <summary>Stops the runs in flight and begins no other; what had finished is kept.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Told at the start and after every run, by one thread at a time.</summary>
    public Action<StudyProgress>? Progress { get; init; }

    internal int DegreeOfParallelism => Workers > 0 ? Workers : Environment.ProcessorCount;
}

/// <param name="Finished">Runs finished, those of the journal included.</param>
/// <param name="Runs">Runs in all.</param>
/// <param name="Label">The run that just finished; empty at the start.</param>
public readonly record struct StudyProgress(int Finished, int Runs, string Label);
