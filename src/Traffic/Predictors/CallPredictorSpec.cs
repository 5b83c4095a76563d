using Orrery.Documents;
using Orrery.Kernel.Random;

namespace Orrery.Traffic.Predictors;

/// <summary>The <c>calls:</c> entry of a scenario's <c>predictors:</c> as data.</summary>
public sealed record CallPredictorSpec
{
    /// <summary>Bins of the published classifier of pre-call lengths (arXiv 2410.18248, b).</summary>
    public const int DefaultBins = 50;

    /// <summary>Tokens of one of them (arXiv 2410.18248, b).</summary>
    public const int DefaultBinTokens = 10;

    /// <summary>Kinds that <c>use:</c> takes.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["none", "oracle", "noisy", "class-mean"];

    /// <summary>Options beside <c>use:</c>.</summary>
    public static OptionSet<CallPredictorSpec> Options { get; } = new OptionSet<CallPredictorSpec>()
        .Choice("use", Kinds, s => s.Use, (s, v) => s with { Use = v }, "what foretells tool calls", "this project")
        .Number("relativeError", s => s.RelativeError, (s, v) => s with { RelativeError = v },
            "noisy, class-mean: deviation of the normal noise on lengths and (noisy) durations, as a share of the truth; published sweep 0.05 to 0.6",
            "arXiv 2410.18248 (b)", 0, 10)
        .Int("bins", s => s.Bins, (s, v) => s with { Bins = v },
            "noisy, class-mean: bins whose middles are told as the tokens before a call; 0: plain numbers", "arXiv 2410.18248 (b)", min: 0, max: 10_000)
        .Int("binTokens", s => s.BinTokens, (s, v) => s with { BinTokens = v }, "noisy, class-mean: tokens of a bin", "arXiv 2410.18248 (b)", min: 1, max: 100_000);

    public string Use { get; init; } = "none";

    public double RelativeError { get; init; }

    public int Bins { get; init; } = DefaultBins;

    public int BinTokens { get; init; } = DefaultBinTokens;

    /// <summary>Reads <c>{use: noisy, relativeError: 0.3}</c>, or a bare name.</summary>
    /// <exception cref="Kernel.InputException">Unknown key, name or value.</exception>
    public static CallPredictorSpec Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Kind == NodeKind.Scalar) return new CallPredictorSpec { Use = node.AsOneOf([.. Kinds], "predictor") };
        MapReader map = node.AsMap();
        CallPredictorSpec spec = Options.Read(map);
        map.Done();
        return spec;
    }

    /// <param name="random">The stream of predictors; noise is keyed by request and call, so nothing else changes with it.</param>
    public ICallPredictor Create(RandomStream random) => Use switch
    {
        "oracle" => new OracleCalls(),
        "noisy" => new NoisyCalls(RelativeError, LengthsIn(), null, random.Split("calls")),
        "class-mean" => new NoisyCalls(RelativeError, LengthsIn(), new CallMeans(), random.Split("calls")),
        _ => new NoCallPredictor(),
    };

    private LengthBins? LengthsIn() => Bins > 0 ? new(Bins, Bins * BinTokens) : null;
}
