using Orrery.Documents;
using Orrery.Kernel.Random;

namespace Orrery.Traffic.Predictors;

/// <summary>The <c>remaining:</c> entry of a scenario's <c>predictors:</c> as data.</summary>
public sealed record RemainingSpec
{
    /// <summary>Mean absolute error per step of the hidden-state probe on Alpaca (arXiv 2410.01035, b).</summary>
    public const double PublishedError = 33.9;

    /// <summary>Correlation of the error between tokens (our choice, d).</summary>
    public const double DefaultCorrelation = 0.95;

    /// <summary>Kinds that <c>use:</c> takes.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["none", "oracle", "noisy"];

    /// <summary>Options beside <c>use:</c>.</summary>
    public static OptionSet<RemainingSpec> Options { get; } = new OptionSet<RemainingSpec>()
        .Choice("use", Kinds, s => s.Use, (s, v) => s with { Use = v },
            "what looks at requests while they run; none: policies count the first prediction down", "this project")
        .Number("meanError", s => s.MeanError, (s, v) => s with { MeanError = v },
            "noisy: mean absolute error over all tokens of the reference lengths, in tokens", "arXiv 2410.01035 (b)", 0, 1e6)
        .Number("correlation", s => s.Correlation, (s, v) => s with { Correlation = v },
            "noisy: of the error from one token to the next", "our choice (d)", 0, 0.9999)
        .Int("longest", s => s.Longest, (s, v) => s with { Longest = v }, "noisy: estimates are clipped to it, tokens", "arXiv 2410.01035 (b)")
        .Int("bins", s => s.Bins, (s, v) => s with { Bins = v },
            "noisy: equal bins whose middles are told, 10 for the published classifier; 0: plain numbers", "our choice (d)", min: 0, max: 1000)
        .Bool("smoothing", s => s.Smoothing, (s, v) => s with { Smoothing = v },
            "noisy: smooths by Bayes' rule over the bins (10 unless set)", "arXiv 2410.01035 (b)")
        .Number("referenceMedian", s => s.ReferenceMedian, (s, v) => s with { ReferenceMedian = v },
            "noisy: median of the log-normal lengths on which the error is tuned, tokens", "our choice (d)", 1, 1e6)
        .Number("referenceSigma", s => s.ReferenceSigma, (s, v) => s with { ReferenceSigma = v },
            "noisy: deviation of the logarithm of these lengths", "our choice (d)", 0, 5);

    public string Use { get; init; } = "none";

    public double MeanError { get; init; } = PublishedError;

    public double Correlation { get; init; } = DefaultCorrelation;

    public int Longest { get; init; } = PredictorSpec.DefaultLongest;

    public int Bins { get; init; }

    public bool Smoothing { get; init; }

    public double ReferenceMedian { get; init; } = PredictorSpec.DefaultReferenceMedian;

    public double ReferenceSigma { get; init; } = PredictorSpec.DefaultReferenceSigma;

    /// <summary>Reads <c>{use: noisy, meanError: 34}</c>, or a bare name.</summary>
    /// <exception cref="Kernel.InputException">Unknown key, name or value.</exception>
    public static RemainingSpec Read(Node node)
    {
        if (node.Kind == NodeKind.Scalar) return new RemainingSpec { Use = node.AsOneOf([.. Kinds], "predictor") };
        MapReader map = node.AsMap();
        RemainingSpec spec = Options.Read(map);
        map.Done();
        return spec;
    }

    /// <param name="random">The stream of predictors; noise is keyed by request and token, so nothing else changes with it.</param>
    /// <exception cref="Kernel.InputException">No noise has that mean error on the reference lengths.</exception>
    public IRemainingPredictor Create(RandomStream random) => Use switch
    {
        "oracle" => new OracleRemaining(),
        "noisy" => new NoisyRemaining(Noise(), random.Split("remaining")),
        _ => new NoRemaining(),
    };

    private RemainingNoise Noise()
    {
        const int publishedBins = 10;
        double scale = NoiseTuning.RemainingScale(new(ReferenceMedian, ReferenceSigma, Longest), MeanError);
        LengthBins? bins = Bins > 0 || Smoothing ? new(Bins > 0 ? Bins : publishedBins, Longest) : null;
        // A normal error with this mean absolute value has the deviation √(π/2) times it.
        double deviation = Smoothing ? Math.Max(1, MeanError * Math.Sqrt(Math.PI / 2)) : 0;
        return new(scale, Correlation, Longest, bins, deviation);
    }
}
