using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>The <c>outputLength:</c> entry of a scenario's <c>predictors:</c> as data.</summary>
public sealed record PredictorSpec
{
    /// <summary>Kinds that <c>use:</c> takes.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["none", "oracle", "class-mean", "constant"];

    /// <summary>Options beside <c>use:</c>.</summary>
    public static OptionSet<PredictorSpec> Options { get; } = new OptionSet<PredictorSpec>()
        .Choice("use", Kinds, s => s.Use, (s, v) => s with { Use = v }, "which predictor of the output length", "this project")
        .Number("relativeError", s => s.RelativeError, (s, v) => s with { RelativeError = v },
            "oracle: log-normal error, two thirds of the predictions within this factor; 0 = exact", "this project", 0, 100)
        .Int("tokens", s => s.Tokens, (s, v) => s with { Tokens = v }, "constant: the guess", "this project");

    public string Use { get; init; } = "none";

    public double RelativeError { get; init; }

    public int Tokens { get; init; } = 256;

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
    public ILengthPredictor Create(RandomStream random) => Use switch
    {
        "oracle" when RelativeError > 0 => new NoisyOraclePredictor(RelativeError, random.Split("output-length")),
        "oracle" => new OraclePredictor(),
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
