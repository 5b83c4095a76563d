using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;

namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>Solves the cost model, then plays the same night and day with and without notes.</summary>
internal sealed class SleepTimeExperiment
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>Contexts are told apart by predictability in so many groups, as the paper bins its questions (a).</summary>
    private const int Bins = 5;

    /// <summary>Questions, and changes, that one run plays within seconds (d).</summary>
    private const int MostEvents = 5_000_000;

    /// <summary>Rows of the table of accuracies, as shares of the tokens that a question takes.</summary>
    private static readonly double[] TableShares = [0.05, 0.1, 0.2, 0.5, 1, 2];

    private readonly SleepTimeComputeOptions _options;
    private readonly AccuracyCurve _curve;
    private readonly SleepTimeCost _cost;
    private readonly ContextMix _mix;

    /// <exception cref="InputException">Options that do not go together.</exception>
    public SleepTimeExperiment(SleepTimeComputeOptions options)
    {
        _options = options;
        _curve = new(options.Floor, options.Ceiling, options.MiddleTokens, options.Steepness);
        double test = _curve.TokensFor(options.Accuracy);
        if (!double.IsFinite(test))
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"accuracy: {options.Accuracy} is not between floor {options.Floor} and ceiling {options.Ceiling}; no number of tokens reaches it"));
        if (options.FewestQuestions > options.MostQuestions)
            throw new InputException($"fewestQuestions: {options.FewestQuestions} is more than mostQuestions {options.MostQuestions}");
        double changes = options.ContextLife is { } life ? options.Contexts * (options.Night.Seconds + options.Day.Seconds) / life.Seconds : 0;
        if (changes > MostEvents) throw new InputException($"contextLife: contexts would change {changes:0} times, and at most {MostEvents} can be played; write a longer life or fewer contexts");
        if ((double)options.Contexts * options.MostQuestions > MostEvents)
            throw new InputException($"mostQuestions: at most {MostEvents} questions can be played; write fewer, or fewer contexts");
        if (options.Day.Seconds <= 0) throw new InputException("day: questions need time in which they come; write for example 8h");
        var cost = new SleepTimeCost(test, test / options.Reduction, 0, options.Premium);
        double sleep = options.SleepTokens ?? cost.SleepTokensFor(options.TargetGain, options.TargetQuestions);
        if (sleep <= 0)
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"targetGain: no note is cheap enough for a gain of {options.TargetGain} when questions take only {options.Reduction} times fewer tokens; write a smaller targetGain, or sleepTokens"));
        _cost = cost with { SleepTokens = sleep * options.Generations };
        _mix = new()
        {
            Contexts = options.Contexts,
            FewestQuestions = options.FewestQuestions,
            MostQuestions = options.MostQuestions,
            NightSeconds = options.Night.Seconds,
            DaySeconds = options.Day.Seconds,
            LifeSeconds = options.ContextLife?.Seconds ?? double.PositiveInfinity,
            Predictability = options.Predictability,
            Spread = options.Spread,
            ForecastError = options.ForecastError,
        };
    }

    public ExperimentResult Run(RandomStream random, CancellationToken cancel)
    {
        ContextPlan[] contexts = _mix.Draw(random, cancel);
        long questions = contexts.Sum(context => (long)context.Questions.Count);
        if (questions == 0) throw new InputException("mostQuestions: nobody asks anything; write at least one question");
        double tokensPerSecond = questions * _cost.TestTokens / (_mix.DaySeconds * (1 - _options.Idle) * _options.Slots);
        SleepingServer awake = Play(contexts, NotePolicy.None, tokensPerSecond, cancel);
        SleepingServer server = Play(contexts, _options.Policy, tokensPerSecond, cancel);
        Summary before = awake.Latency.Summarize(NanosecondsPerSecond)!;
        Summary after = server.Latency.Summarize(NanosecondsPerSecond)!;
        double test = Tokens(questions, server.Helped.Sum());
        ContextPlan[][] bins = Binned(contexts, out double[] gains, server);
        var values = new Dictionary<string, double>
        {
            ["testTokens"] = _cost.TestTokens,
            ["testTokensWithNote"] = _cost.TestTokensWithNote,
            ["sleepTokens"] = _cost.SleepTokens,
            ["breakEvenQuestions"] = _cost.BreakEvenQuestions,
            ["formulaGain"] = _cost.Gain(_options.TargetQuestions),
            ["costGain"] = questions * _cost.TestTokens / (test + (server.SleepTokens / _cost.Premium)),
            ["latencyGain"] = before.P50 / after.P50,
            ["p50Seconds"] = after.P50,
            ["p95Seconds"] = after.P95,
            ["testTokensGain"] = Gain(questions, server.Helped.Sum()),
            ["noteShare"] = server.WithNote / (double)questions,
            ["wastedShare"] = server.SleepTokens > 0 ? server.WastedTokens / server.SleepTokens : 0,
            ["sleepPerTest"] = server.SleepTokens / test,
            ["untouchedShare"] = server.Untouched / (double)contexts.Length,
            ["leastPredictableGain"] = gains[0],
            ["mostPredictableGain"] = gains[^1],
        };
        return new(values) { Tables = [ByQuestions(), ByAccuracy(), ByPredictability(bins, gains)] };
    }

    private SleepingServer Play(ContextPlan[] contexts, NotePolicy policy, double tokensPerSecond, CancellationToken cancel)
    {
        var server = new SleepingServer(contexts, _cost, new NotePriority(_cost, _mix), policy, _options.Slots, tokensPerSecond);
        server.Run(cancel);
        return server;
    }

    private ContextPlan[][] Binned(ContextPlan[] contexts, out double[] gains, SleepingServer server)
    {
        int[] order = [.. Enumerable.Range(0, contexts.Length).OrderBy(i => contexts[i].Predictability)];
        int[][] bins = [.. Enumerable.Range(0, Bins).Select(bin => order[(bin * order.Length / Bins)..((bin + 1) * order.Length / Bins)])];
        gains = [.. bins.Select(bin => Gain(bin.Sum(i => contexts[i].Questions.Count), bin.Sum(i => server.Helped[i])))];
        return [.. bins.Select(bin => bin.Select(i => contexts[i]).ToArray())];
    }

    /// <summary>Tokens that users wait for.</summary>
    private double Tokens(long questions, long helped) => ((questions - helped) * _cost.TestTokens) + (helped * _cost.TestTokensWithNote);

    private double Gain(long questions, long helped) => questions * _cost.TestTokens / Tokens(questions, helped);

    private ExperimentTable ByQuestions() => new(
        "Foreseen questions on one context: cost of a question against no note", ["questions", "without note, tokens", "with note, tokens", "gain"],
        [
            .. Enumerable.Range(1, 10).Select(n => (IReadOnlyList<string>)
                [Text(n), Text(_cost.Standard(n) / n), Text(_cost.WithNote(n) / n), Text(_cost.Gain(n))]),
        ]);

    private ExperimentTable ByAccuracy()
    {
        AccuracyCurve shifted = _curve.Shifted(_options.Reduction);
        return new(
            "Accuracy against test tokens (input)", ["test tokens", "without note", "with note"],
            [
                .. TableShares.Select(share => share * _cost.TestTokens)
                    .Select(tokens => (IReadOnlyList<string>)[Text(tokens), Text(_curve.At(tokens)), Text(shifted.At(tokens))]),
            ]);
    }

    private static ExperimentTable ByPredictability(ContextPlan[][] bins, double[] gains) => new(
        "Contexts by predictability", ["fifth", "predictability", "questions", "fewer test tokens"],
        [
            .. bins.Select((bin, i) => (IReadOnlyList<string>)
            [
                Text(i + 1), Text(bin.Select(context => context.Predictability).DefaultIfEmpty(0).Average()), Text(bin.Sum(context => context.Questions.Count)), Text(gains[i]),
            ]),
        ]);

    private static string Text(double value) => ExperimentTable.Cell(value, 3);
}
