using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;

namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>Options of sleep-time compute: what notes save, and what they cost.</summary>
public sealed record SleepTimeComputeOptions : ExperimentSpec
{
    private const string Cost = "arXiv 2504.13171 (c)";

    public static readonly OptionSet<SleepTimeComputeOptions> Set = new OptionSet<SleepTimeComputeOptions>()
        .Number("testTokens", o => o.TestTokens, (o, v) => o with { TestTokens = v }, "T_b: tokens that a question takes without a note", "our choice (d)", min: 1)
        .Number("reduction", o => o.Reduction, (o, v) => o with { Reduction = v }, "how many times fewer tokens it takes beside a note, at equal accuracy", "abstract (a)", min: 1)
        .Number("premium", o => o.Premium, (o, v) => o with { Premium = v }, "ρ: price of a token that a user waits for, in tokens of idle time", Cost, min: 1);

    public double TestTokens { get; init; } = 1000;

    public double Reduction { get; init; } = 5;

    public double Premium { get; init; } = 10;

    private static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("sleepTokensForClaim", "tokens", "Tokens of idle time per context at which ten questions cost 2.5 times less."),
        new("breakEvenQuestions", "", "Questions on a context from which on such a note pays."),
    ];

    public override IReadOnlyList<ExperimentFigure> Figures => AllFigures;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel)
    {
        var cost = new SleepTimeCost(TestTokens, TestTokens / Reduction, 0, Premium);
        cost = cost with { SleepTokens = cost.SleepTokensFor(2.5, 10) };
        return new(new Dictionary<string, double> { ["sleepTokensForClaim"] = cost.SleepTokens, ["breakEvenQuestions"] = cost.BreakEvenQuestions })
        {
            Tables = [new("Questions per context", ["questions", "gain"], [.. Enumerable.Range(1, 10).Select(n => (IReadOnlyList<string>)[n.ToString(CultureInfo.InvariantCulture), cost.Gain(n).ToString("0.###", CultureInfo.InvariantCulture)])])],
        };
    }
}
