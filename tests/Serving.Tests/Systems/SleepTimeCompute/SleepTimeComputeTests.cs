using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Systems.SleepTimeCompute;

namespace Orrery.Serving.Tests.Systems.SleepTimeCompute;

public sealed class SleepTimeComputeTests
{
    private static readonly SleepTimeComputeOptions Quick = new() { Contexts = 120 };

    /// <summary>With T_b' = T_b/5 and ρ = 10 a gain of 2.5 at ten questions means C = 20·T_b, a quarter of the saving, and break-even at 2.5.</summary>
    [Fact]
    public void ThePublishedGainFixesTheTokensOfANote()
    {
        var cost = new SleepTimeCost(1000, 200, 0, 10);
        double sleep = cost.SleepTokensFor(2.5, 10);
        Assert.Equal(20_000, sleep, 9);
        cost = cost with { SleepTokens = sleep };
        Assert.Equal(2.5, cost.Gain(10), 12);
        Assert.Equal(2.5, cost.BreakEvenQuestions, 12);
        Assert.Equal(1, cost.Gain(cost.BreakEvenQuestions), 12);
        Assert.Equal(0.25, sleep / 10 / (10 * (1000 - 200)), 12);
        Assert.Equal(double.PositiveInfinity, new SleepTimeCost(1000, 1000, 1, 10).BreakEvenQuestions);
    }

    [Fact]
    public void TheCurveHasAnInverseAndANoteShiftsIt()
    {
        var curve = new AccuracyCurve(0.2, 0.9, 400, 1.5);
        foreach (double accuracy in new[] { 0.3, 0.55, 0.75, 0.89 }) Assert.Equal(accuracy, curve.At(curve.TokensFor(accuracy)), 12);
        Assert.Equal(400, curve.TokensFor(0.55), 9);
        Assert.Equal(curve.TokensFor(0.75) / 5, curve.Shifted(5).TokensFor(0.75), 9);
        Assert.True(double.IsNaN(curve.TokensFor(0.95)) && double.IsNaN(curve.TokensFor(0.2)));
    }

    [Fact]
    public void APriorityIsTheSavingToComeLessWhatIsLeftToWrite()
    {
        var cost = new SleepTimeCost(1000, 200, 20_000, 10);
        ContextMix mix = Mix(life: double.PositiveInfinity);
        var priority = new NotePriority(cost, mix);
        ContextPlan context = Plan([], [], predictability: 0.5, forecast: 10);
        Assert.Equal(10, priority.ExpectedQuestions(context, 0), 12);
        Assert.Equal((10 * 0.5 * 800 * 10) - 20_000, priority.Of(context, 0, 20_000), 9);
        Assert.Equal(5, priority.ExpectedQuestions(context, 150), 12);
        Assert.Equal(0, priority.ExpectedQuestions(context, 200), 12);
        // Changes at a mean of 100 s: the integral of exp(−s/100) from 100 to 200 over the day of 100 s.
        var mortal = new NotePriority(cost, Mix(life: 100));
        Assert.Equal(10 * (Math.Exp(-1) - Math.Exp(-2)), mortal.ExpectedQuestions(context, 0), 9);
    }

    [Fact]
    public void ANoteThatIsReadyServesForeseenQuestionsAndGivesWayToThem()
    {
        // One slot of 10 tokens/s; a note of 1,000 tokens is ready at 100; a question of 1,000 or 200 tokens at 120 and at 130.
        SleepingServer server = Serve([Plan([120, 130], [], 1, 50)], NotePolicy.Priority);
        Assert.Equal((2L, 2L), (server.Questions, server.WithNote));
        Assert.Equal(2, server.Helped[0]);
        Assert.Equal(1000, server.SleepTokens, 9);
        Assert.Equal(0, server.WastedTokens);
        Assert.Equal(20e9, server.Latency.Min);
        Assert.Equal(30e9, server.Latency.Max);
    }

    [Fact]
    public void AQuestionInterruptsANoteThatGoesOnAfterIt()
    {
        SleepingServer server = Serve([Plan([50, 199], [], 1, 50)], NotePolicy.All);
        // Written from 0 to 50 and from 150 to 200; the second question waits for nobody and finds no note.
        Assert.Equal(0, server.WithNote);
        Assert.Equal(1000, server.SleepTokens, 6);
        Assert.Equal(1000, server.WastedTokens, 6);
        Assert.Equal(100e9, server.Latency.Max);
    }

    [Fact]
    public void AChangeMakesANoteStaleAndItIsWrittenAgain()
    {
        SleepingServer server = Serve([Plan([260, 300], [150], 1, 50)], NotePolicy.All);
        Assert.Equal((2L, 2L), (server.Questions, server.WithNote));
        Assert.Equal(2000, server.SleepTokens, 6);
        Assert.Equal(1000, server.WastedTokens, 6);
    }

    [Fact]
    public void ContextsThatSaveNothingAreLeftOut()
    {
        SleepingServer server = Serve([Plan([120], [], 1, 0.01), Plan([130], [], 0, 50)], NotePolicy.Priority);
        Assert.Equal((0.0, 2), (server.SleepTokens, server.Untouched));
        Assert.Equal(0, Serve([Plan([120], [], 1, 0.01)], NotePolicy.None).SleepTokens);
    }

    [Fact]
    public void TenForeseenQuestionsOnEveryContextGiveTheFormulasGainWhereTheNightIsLong()
    {
        SleepTimeComputeOptions sure = Quick with
        {
            FewestQuestions = 10,
            MostQuestions = 10,
            Predictability = 1,
            Spread = 0,
            ContextLife = null,
            Night = Duration.FromHours(60),
            ForecastError = 0,
        };
        IReadOnlyDictionary<string, double> run = Run(sure);
        Assert.Equal(2.5, run["costGain"], 9);
        Assert.Equal(5, run["testTokensGain"], 9);
        Assert.Equal(1, run["noteShare"]);
        Assert.InRange(run["latencyGain"], 4.9, 6);
    }

    [Fact]
    public void SkippingBeatsWritingAllAndPredictableContextsGainMore()
    {
        IReadOnlyDictionary<string, double> chosen = Run(Quick);
        Assert.True(chosen["costGain"] > Run(Quick with { Policy = NotePolicy.All })["costGain"]);
        Assert.Equal(1, Run(Quick with { Policy = NotePolicy.None })["costGain"], 12);
        Assert.True(chosen["mostPredictableGain"] > chosen["leastPredictableGain"]);
        Assert.Equal(Run(Quick), chosen);
    }

    [Fact]
    public void ThePolicyChangesNoWorld()
    {
        IReadOnlyDictionary<string, double> fast = Run(Quick with { Policy = NotePolicy.None });
        IReadOnlyDictionary<string, double> dear = Run(Quick with { Policy = NotePolicy.None, Premium = 20, Predictability = 0.2 });
        Assert.Equal((fast["p50Seconds"], fast["p95Seconds"]), (dear["p50Seconds"], dear["p95Seconds"]));
    }

    [Fact]
    public void WhatCannotBeIsRefused()
    {
        Refused(Quick with { Accuracy = 0.95 }, "accuracy: 0.95 is not between floor 0.2 and ceiling 0.9");
        Refused(Quick with { Reduction = 2 }, "no note is cheap enough for a gain of 2.5");
        Refused(Quick with { FewestQuestions = 11 }, "fewestQuestions: 11 is more than mostQuestions 10");
        Refused(Quick with { ContextLife = Duration.FromMinutes(1), Contexts = 100_000 }, "contextLife: contexts would change 96000000 times");
        Refused(Quick with { MostQuestions = 10_000, Contexts = 1000 }, "mostQuestions: at most");
        Refused(Quick with { FewestQuestions = 0, MostQuestions = 0 }, "nobody asks anything");
    }

    [Theory]
    [InlineData(0.35, 0.3)]
    [InlineData(0.9, 0.3)]
    [InlineData(1, 0.3)]
    [InlineData(0.05, 0.5)]
    public void PredictabilityIsTheMeanWhateverItsSpread(double mean, double spread)
    {
        ContextPlan[] contexts = (Mix(100) with { Contexts = 20_000, Predictability = mean, Spread = spread }).Draw(RandomStream.Root(3));
        double allowed = Math.Min(spread, Math.Min(mean, 1 - mean));
        // A uniform law: five standard errors.
        Assert.Equal(mean, contexts.Average(context => context.Predictability), (5 * allowed / Math.Sqrt(3 * 20_000)) + 1e-12);
        Assert.All(contexts, context => Assert.InRange(context.Predictability, mean - allowed - 1e-12, mean + allowed + 1e-12));
    }

    [Fact]
    public void DrawingAndServingManyContextsEndsAndHeedsAnInterruption()
    {
        SleepTimeComputeOptions many = Quick with { Contexts = 20_000, ContextLife = Duration.FromHours(1) };
        Assert.InRange(Run(many)["noteShare"], 0, 1);
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => Mix(1).Draw(RandomStream.Root(1), stopped.Token));
    }

    private static void Refused(SleepTimeComputeOptions options, string part) =>
        Assert.Contains(part, Assert.Throws<InputException>(() => Run(options)).Message, StringComparison.Ordinal);

    private static SleepingServer Serve(ContextPlan[] contexts, NotePolicy policy)
    {
        var cost = new SleepTimeCost(1000, 200, 1000, 10);
        var server = new SleepingServer(contexts, cost, new NotePriority(cost, Mix(double.PositiveInfinity)), policy, slots: 1, tokensPerSecond: 10);
        server.Run(TestContext.Current.CancellationToken);
        return server;
    }

    private static ContextPlan Plan(double[] questions, double[] changes, double predictability, double forecast) =>
        new(questions, changes, predictability, forecast) { IsForeseen = [.. questions.Select(_ => predictability > 0)] };

    private static ContextMix Mix(double life) => new()
    {
        Contexts = 1,
        FewestQuestions = 1,
        MostQuestions = 10,
        NightSeconds = 100,
        DaySeconds = 100,
        LifeSeconds = life,
        Predictability = 1,
        Spread = 0,
        ForecastError = 0,
    };

    private static IReadOnlyDictionary<string, double> Run(SleepTimeComputeOptions options) => options.Run(RandomStream.Root(1), CancellationToken.None).Values;
}
