using Orrery.Documents.Expectations;
using Orrery.Kernel.Experiments;

namespace Orrery.Lab.Scenarios;

/// <summary>A scenario whose world, traffic and policies are those of one experiment.</summary>
public sealed record ExperimentScenario : RunnableScenario
{
    public required ExperimentSpec Experiment { get; init; }

    /// <summary>The experiment's name, as <c>use</c> has it.</summary>
    public required string Use { get; init; }

    /// <summary>The figures of an experiment as <c>expect:</c> names them: those in seconds or dollars are compared with such quantities.</summary>
    public static IReadOnlyList<MetricInfo> Infos(ExperimentSpec experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return [.. experiment.Figures.Select(figure => new MetricInfo(figure.Name, KindOf(figure.Unit), IsDistribution: false))];
    }

    private static Documents.Quantity KindOf(string unit) => unit switch
    {
        "s" => Documents.Quantity.Duration,
        "J" => Documents.Quantity.Energy,
        "W" => Documents.Quantity.Power,
        _ => Documents.Quantity.Number,
    };
}
