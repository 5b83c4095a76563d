using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;

namespace Orrery.Lab.Scenarios;

/// <summary>A scenario whose world, traffic and policies are those of one experiment.</summary>
public sealed record ExperimentScenario : RunnableScenario
{
    public required ExperimentSpec Experiment { get; init; }

    /// <summary>The experiment's name, as <c>use</c> has it.</summary>
    public required string Use { get; init; }

    /// <summary>Where the options stand, for messages; null for one that was made by a program.</summary>
    internal Node? Place { get; init; }

    /// <summary>A mistake in the options that shows only when they are run, with its place: that of the key with which the sentence opens.</summary>
    internal InputException Placed(InputException mistake)
    {
        if (Place is not { } place) return mistake;
        int colon = mistake.Message.IndexOf(": ", StringComparison.Ordinal);
        Node? option = colon > 0 ? place[mistake.Message[..colon]] : null;
        InputException placed = option?.Error(mistake.Message[(colon + 2)..]) ?? place.Error(mistake.Message);
        return new(placed.Message, mistake) { IsInfeasible = mistake.IsInfeasible };
    }

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
