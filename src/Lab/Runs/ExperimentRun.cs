using System.Diagnostics;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Runs;

/// <summary>Runs experiments.</summary>
public static class ExperimentRun
{
    /// <summary>Runs one to its end.</summary>
    /// <exception cref="InputException">Options that do not go together.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted; nothing is known of a part.</exception>
    public static RunRecord Run(ExperimentScenario scenario, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        long begun = Stopwatch.GetTimestamp();
        IReadOnlyList<ExperimentFigure> figures = scenario.Experiment.Figures;
        ExperimentResult measured = Measure(scenario, cancel);
        if (measured.Values.Keys.FirstOrDefault(name => figures.All(figure => figure.Name != name)) is { } unknown)
            throw new InvalidOperationException($"{scenario.Use} measured '{unknown}', which is none of its figures");
        // What is infinite or undefined does not apply, and JSON has no word for it.
        Dictionary<string, double> values = measured.Values.Where(value => double.IsFinite(value.Value)).ToDictionary(value => value.Key, value => value.Value);
        var outcome = new ExperimentOutcome(scenario.Use, figures, values, measured.Tables);
        var result = new RunResult
        {
            Scenario = scenario.Name,
            Seed = scenario.Seed,
            Figures = RunFigures.Empty,
            Experiment = outcome,
            Expectations = [.. scenario.Expect.Select(expectation => Judge(expectation, outcome))],
            Notes = measured.Notes,
            Simulation = new(0, Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 0),
        };
        return new(result, RunSeries.Empty);
    }

    private static ExperimentResult Measure(ExperimentScenario scenario, CancellationToken cancel)
    {
        try
        {
            return scenario.Experiment.Run(RandomStream.Root(scenario.Seed), cancel);
        }
        catch (InputException mistake)
        {
            throw scenario.Placed(mistake);
        }
    }

    private static ExpectationOutcome Judge(Expectation expectation, ExperimentOutcome outcome)
    {
        Outcome judged = expectation.Evaluate((_, metric) => outcome.Value(metric.Name));
        return new(expectation.ToString(), judged.Measured, judged.IsMet, judged.Sentence);
    }
}
