using Orrery.Documents.Expectations;

namespace Orrery.Lab.Scenarios;

/// <summary>What a scenario file says, read and checked: a fleet under traffic (<see cref="Scenario"/>) or an <see cref="ExperimentScenario"/>.</summary>
public abstract record RunnableScenario
{
    public const ulong DefaultSeed = 1;

    public required string Name { get; init; }

    /// <summary>Goals that decide the exit code.</summary>
    public IReadOnlyList<Expectation> Expect { get; init; } = [];

    public ulong Seed { get; init; } = DefaultSeed;

    /// <summary>Folder that relative file names start from; "" is the current one.</summary>
    public string Folder { get; init; } = "";
}
