using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>The <c>outputLength:</c> entry of a scenario's <c>predictors:</c> as data.</summary>
public sealed record PredictorSpec
{
    /// <summary>Mean absolute error of a prompt classifier on Alpaca, tokens (arXiv 2410.01035, b).</summary>
    public const double PublishedError = 46.1;

    /// <summary>Longest output of that data, tokens (arXiv 2410.01035, b).</summary>
    public const int DefaultLongest = 512;

    /// <summary>Median output of the reference lengths, tokens: Alpaca-like answers (our choice, d).</summary>
    public const double DefaultReferenceMedian = 128;

    /// <summary>Deviation of the logarithm of the reference lengths (our choice, d).</summary>
    public const double DefaultReferenceSigma = 1;

    /// <summary>Kinds that <c>use:</c> takes.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["none", "oracle", "noisy", "class-mean", "constant"];

    /// <summary>Options beside <c>use:</c>.</summary>
    public static OptionSet<PredictorSpec> Options { get; } = new OptionSet<PredictorSpec>()
        .Choice("use", Kinds, s => s.Use, (s, v) => s with { Use = v }, "which predictor of the output length", "this project")
        .Number("relativeError", s => s.RelativeError, (s, v) => s with { RelativeError = v },
            "oracle: log-normal error, two thirds of the predictions within this factor; 0 = exact", "this project", 0, 100)
        .Int("tokens", s => s.Tokens, (s, v) => s with { Tokens = v }, "constant: the guess", "this project")
        .Number("meanError", s => s.MeanError, (s, v) => s with { MeanError = v },
            "noisy: mean absolute error over the reference lengths, in tokens; log-normal noise is tuned to it", "arXiv 2410.01035 (b)", 0, 1e6)
        .Int("longest", s => s.Longest, (s, v) => s with { Longest = v }, "noisy: predictions are clipped to it, tokens", "arXiv 2410.01035 (b)")
        .Int("bins", s => s.Bins, (s, v) => s with { Bins = v },
            "noisy: equal bins whose middles, rounded, are told; 10 for the published classifier; 0: plain numbers", "our choice (d)", min: 0, max: 1000)
        .Number("referenceMedian", s => s.ReferenceMedian, (s, v) => s with { ReferenceMedian = v },
            "noisy: median of the log-normal lengths on which the error is tuned, tokens", "our choice (d)", 1, 1e6)
        .Number("referenceSigma", s => s.ReferenceSigma, (s, v) => s with { ReferenceSigma = v },
            "noisy: deviation of the logarithm of these lengths", "our choice (d)", 0, 5);

    public string Use { get; init; } = "none";

    public double RelativeError { get; init; }

    public int Tokens { get; init; } = 256;

    public double MeanError { get; init; } = PublishedError;

    public int Longest { get; init; } = DefaultLongest;

    public int Bins { get; init; }

    public double ReferenceMedian { get; init; } = DefaultReferenceMedian;

    public double ReferenceSigma { get; init; } = DefaultReferenceSigma;

    /// <summary>Reads <c>{use: oracle, relativeError: 0.2}</c>, or a bare name.</summary>
    /// <exception cref="Kernel.InputException">Unknown key, name or value.</exception>
    public static PredictorSpec Read(Node node)
    {
        if (node.Kind == NodeKind.Scalar) return new PredictorSpec { Use = node.AsOneOf([.. Kinds], "predictor") };
        MapReader map = node.AsMap();
        PredictorSpec spec = Options.Read(map);
        map.Done();
        return spec;
    }

    /// <param name="random">The stream of predictors; noise is keyed by request, so nothing else changes with it.</param>
    /// <exception cref="Kernel.InputException">No noise has that mean error on the reference lengths.</exception>
    public ILengthPredictor Create(RandomStream random) => Use switch
    {
        "oracle" when RelativeError > 0 => new NoisyOraclePredictor(RelativeError, random.Split("output-length")),
        "oracle" => new OraclePredictor(),
        "noisy" => new ClippedNoisePredictor(
            NoiseTuning.FirstSpread(new(ReferenceMedian, ReferenceSigma, Longest), MeanError),
            Longest, Bins > 0 ? new LengthBins(Bins, Longest) : null, random.Split("output-length")),
        "class-mean" => new ClassMeanPredictor(),
        "constant" => new ConstantPredictor(Tokens),
        _ => new NoPredictor(),
    };
}

/// <summary>Running error of a predictor.</summary>
public sealed class PredictionError
{
    private double _absoluteSum;

    /// <summary>Predictions counted; unknown ones (0) are not.</summary>
    public long Count { get; private set; }

    /// <summary>Mean absolute error in tokens; 0 before the first.</summary>
    public double MeanAbsoluteTokens => Count == 0 ? 0 : _absoluteSum / Count;

    public void Add(int predicted, Request request)
    {
        if (predicted == 0) return;
        Count++;
        _absoluteSum += Math.Abs((double)predicted - request.OutputTokens);
    }
}
