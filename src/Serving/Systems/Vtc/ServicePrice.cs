using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Vtc;

/// <summary>
/// What a request costs its client so far, in whole units of 10⁻⁵: integers, so that charging token by token and charging many tokens
/// at once give the same counter, bit for bit.
/// </summary>
public sealed class ServicePrice(VtcOptions options)
{
    /// <summary>Units of a price of 1. The profiled coefficients have five decimals.</summary>
    public const double UnitsPerPrice = 100_000;

    // h(x, y) of the paper's appendix, in units.
    private const long ProfiledInput = 21_000;
    private const long ProfiledOutput = 10_080;
    private const long ProfiledProduct = 399;
    private const long ProfiledSquare = 325;
    private const long ProfiledConstant = 114_600;

    private readonly long _input = (long)Math.Round(options.InputWeight * UnitsPerPrice);
    private readonly long _output = (long)Math.Round(options.OutputWeight * UnitsPerPrice);

    /// <summary>While it is served: with predicted charging at least the whole predicted output.</summary>
    public long WhileServed(Sequence sequence) => options.Charge == Charging.Predicted
        ? Of(sequence.PromptTokens, Math.Max(sequence.GeneratedTokens, Math.Min(sequence.PredictedOutputTokens, sequence.MaxTokens)))
        : Final(sequence);

    /// <summary>What it was worth in the end.</summary>
    public long Final(Sequence sequence) => Of(sequence.PromptTokens, sequence.GeneratedTokens);

    public long Of(long prompt, long output) => options.Cost == CostFunction.Profiled
        ? ProfiledInput * prompt + ProfiledOutput * output + ProfiledProduct * prompt * output + ProfiledSquare * output * output + ProfiledConstant
        : _input * prompt + _output * output;
}
