using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>Options of sleep-time compute: what notes save and cost, and a night and a day of a server that writes them.</summary>
public sealed record SleepTimeComputeOptions : ExperimentSpec
{
    private const string Paper = "arXiv 2504.13171 (a)";
    private const string Cost = "arXiv 2504.13171 (c)";
    private const string Assumed = "our assumption (d)";

    /// <summary>A context that changes faster is stale before a note of it is written (d).</summary>
    private const double ShortestLife = 60;

    public static readonly OptionSet<SleepTimeComputeOptions> Set = new OptionSet<SleepTimeComputeOptions>()
        .Number("accuracy", o => o.Accuracy, (o, v) => o with { Accuracy = v }, "that answers must reach; it decides how many tokens a question takes", Assumed, max: 1)
        .Number("floor", o => o.Floor, (o, v) => o with { Floor = v }, "accuracy of an answer without thought", Assumed, max: 1)
        .Number("ceiling", o => o.Ceiling, (o, v) => o with { Ceiling = v }, "accuracy that no thought exceeds", Assumed, max: 1)
        .Number("middleTokens", o => o.MiddleTokens, (o, v) => o with { MiddleTokens = v }, "test tokens halfway between the two", Assumed, min: 1)
        .Number("steepness", o => o.Steepness, (o, v) => o with { Steepness = v }, "of the logistic in the logarithm of tokens", Assumed, min: 0.01, max: 100)
        .Number("reduction", o => o.Reduction, (o, v) => o with { Reduction = v }, "how many times fewer tokens a foreseen question takes beside a note, at equal accuracy", Paper, min: 1)
        .Number("premium", o => o.Premium, (o, v) => o with { Premium = v }, "ρ: price of a token that a user waits for, in tokens of idle time", Cost, min: 1)
        .OptionalNumber("sleepTokens", o => o.SleepTokens, (o, v) => o with { SleepTokens = v },
            "C: tokens of one note; null: those at which targetQuestions questions cost targetGain times less", "solved for the published gain (d)", min: 1)
        .Number("targetGain", o => o.TargetGain, (o, v) => o with { TargetGain = v }, "lower mean cost of a question that sleepTokens is solved for", Paper, min: 1)
        .Number("targetQuestions", o => o.TargetQuestions, (o, v) => o with { TargetQuestions = v }, "questions per context that it is solved for", Assumed, min: 1)
        .Int("generations", o => o.Generations, (o, v) => o with { Generations = v }, "parallel generations of a note, k; each costs sleepTokens", Cost, max: 100)
        .Choice("policy", o => o.Policy, (o, v) => o with { Policy = v }, "which notes are written, and in which order", "our scheduling form (d)")
        .Int("contexts", o => o.Contexts, (o, v) => o with { Contexts = v }, "documents, code bases, dialogues", Assumed, max: 100_000)
        .Int("fewestQuestions", o => o.FewestQuestions, (o, v) => o with { FewestQuestions = v }, "on a context in the day", Assumed, min: 0, max: 10_000)
        .Int("mostQuestions", o => o.MostQuestions, (o, v) => o with { MostQuestions = v }, "on a context in the day; all numbers between are equally likely", Assumed, max: 10_000)
        .Duration("night", o => o.Night, (o, v) => o with { Night = v }, "time before the first question, all of it idle", Assumed)
        .Duration("day", o => o.Day, (o, v) => o with { Day = v }, "time over which questions are spread", Assumed)
        .Number("idle", o => o.Idle, (o, v) => o with { Idle = v }, "share of the server that is idle in the day when there are no notes; it decides the server's speed", Assumed, min: 0.01, max: 0.99)
        .Int("slots", o => o.Slots, (o, v) => o with { Slots = v }, "requests that the server runs at a time", Assumed, max: 10_000)
        .OptionalDuration("contextLife", o => o.ContextLife, (o, v) => o with { ContextLife = v }, "mean time until a context changes and its note is stale; null: never", Assumed, minSeconds: ShortestLife)
        .Number("predictability", o => o.Predictability, (o, v) => o with { Predictability = v }, "mean share of questions that a note helps", Assumed, max: 1)
        .Number("spread", o => o.Spread, (o, v) => o with { Spread = v }, "contexts differ by at most so much around it, less where shares would leave 0 to 1", Assumed, max: 1)
        .Number("forecastError", o => o.ForecastError, (o, v) => o with { ForecastError = v }, "standard deviation of the logarithm of forecast over true number of questions", Assumed, max: 5);

    private static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("testTokens", "tokens", "T_b: tokens that a question takes without a note, at the accuracy asked for."),
        new("testTokensWithNote", "tokens", "T_b': the same beside a note that foresaw it."),
        new("sleepTokens", "tokens", "C: tokens of a note, all its generations counted."),
        new("breakEvenQuestions", "", "Foreseen questions on a context from which on its note pays."),
        new("formulaGain", "x", "How many times less targetQuestions foreseen questions on one context cost: the formula alone."),
        new("costGain", "x", "How many times less a question cost on average over the night and the day, notes included."),
        new("latencyGain", "x", "Median time of a question without notes over that with them."),
        new("p50Seconds", "s", "Median time of a question."),
        new("p95Seconds", "s", "Its 95th percentile."),
        new("testTokensGain", "x", "How many times fewer tokens users waited for."),
        new("noteShare", "", "Share of questions that found a valid note."),
        new("wastedShare", "", "Share of the tokens of notes that no question used."),
        new("sleepPerTest", "x", "Tokens of notes for each token that a user waited for."),
        new("untouchedShare", "", "Share of contexts of which no note was begun."),
        new("leastPredictableGain", "x", "testTokensGain of the least predictable fifth of contexts."),
        new("mostPredictableGain", "x", "testTokensGain of the most predictable fifth."),
    ];

    public double Accuracy { get; init; } = 0.75;

    public double Floor { get; init; } = 0.2;

    public double Ceiling { get; init; } = 0.9;

    public double MiddleTokens { get; init; } = 400;

    public double Steepness { get; init; } = 1.5;

    public double Reduction { get; init; } = 5;

    public double Premium { get; init; } = 10;

    public double? SleepTokens { get; init; }

    public double TargetGain { get; init; } = 2.5;

    public double TargetQuestions { get; init; } = 10;

    public int Generations { get; init; } = 1;

    public NotePolicy Policy { get; init; }

    public int Contexts { get; init; } = 500;

    public int FewestQuestions { get; init; } = 1;

    public int MostQuestions { get; init; } = 10;

    public Duration Night { get; init; } = Duration.FromHours(8);

    public Duration Day { get; init; } = Duration.FromHours(8);

    public double Idle { get; init; } = 0.4;

    public int Slots { get; init; } = 16;

    public Duration? ContextLife { get; init; } = Duration.FromHours(48);

    public double Predictability { get; init; } = 0.7;

    public double Spread { get; init; } = 0.3;

    public double ForecastError { get; init; } = 0.3;

    public override IReadOnlyList<ExperimentFigure> Figures => AllFigures;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => new SleepTimeExperiment(this).Run(random, cancel);
}
