using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Lengths;

/// <summary>Prompt and output lengths of a request, drawn from two streams so that changing one leaves the other.</summary>
public interface ILengthModel
{
    void Draw(RandomStream prompts, RandomStream outputs, out int promptTokens, out int outputTokens);
}

/// <summary>Prompt and output drawn independently; rounded to whole tokens, at least 1.</summary>
public sealed record IndependentLengths(IDistribution Prompt, IDistribution Output) : ILengthModel
{
    public void Draw(RandomStream prompts, RandomStream outputs, out int promptTokens, out int outputTokens)
    {
        promptTokens = Tokens.Whole(Prompt.Sample(prompts));
        outputTokens = Tokens.Whole(Output.Sample(outputs));
    }
}

/// <summary>
/// Prompt by its quantile curve; output by the curve of the bin that the prompt's level falls into (bins hold equal numbers of
/// requests). This keeps any
/// correlation, also one that is not monotone, at the price of one curve per bin.
/// </summary>
public sealed record JointLengths(QuantileCurve Prompt, IReadOnlyList<QuantileCurve> OutputByPromptBin) : ILengthModel
{
    public void Draw(RandomStream prompts, RandomStream outputs, out int promptTokens, out int outputTokens)
    {
        double level = prompts.NextDouble();
        promptTokens = Tokens.Whole(Prompt.At(level));
        outputTokens = Tokens.Whole(OutputByPromptBin[(int)(level * OutputByPromptBin.Count)].At(outputs.NextDouble()));
    }
}

/// <summary>
/// A distribution given by values at levels of probability, log-linear between them (lengths spread over decades); flat beyond the
/// outermost levels.
/// </summary>
public sealed class QuantileCurve : IDistribution
{
    private readonly double[] _levels;
    private readonly double[] _values;
    private readonly double[] _logs;

    /// <exception cref="ArgumentException">Levels do not rise within [0, 1], values fall or are not positive, or the counts
    /// differ.</exception>
    public QuantileCurve(IReadOnlyList<double> levels, IReadOnlyList<double> values)
    {
        if (levels.Count != values.Count || levels.Count == 0)
            throw new ArgumentException($"{levels.Count} levels do not match {values.Count} values");
        for (int i = 0; i < levels.Count; i++)
        {
            if (!(levels[i] >= 0 && levels[i] <= 1 && values[i] > 0))
                throw new ArgumentException("levels must lie in [0, 1] and values must be positive");
            if (i > 0 && !(levels[i] > levels[i - 1] && values[i] >= values[i - 1]))
                throw new ArgumentException("levels must rise and values must not fall");
        }
        _levels = [.. levels];
        _values = [.. values];
        _logs = [.. values.Select(v => Math.Log(v))];
        Mean = MeanOfCurve();
    }

    public IReadOnlyList<double> Levels => _levels;

    public IReadOnlyList<double> Values => _values;

    public double Mean { get; }

    public double At(double level)
    {
        if (level <= _levels[0]) return _values[0];
        if (level >= _levels[^1]) return _values[^1];
        int above = Array.BinarySearch(_levels, level);
        if (above >= 0) return _values[above];
        above = ~above;
        double share = (level - _levels[above - 1]) / (_levels[above] - _levels[above - 1]);
        return Math.Exp(_logs[above - 1] + (share * (_logs[above] - _logs[above - 1])));
    }

    public double Sample(RandomStream random) => At(random.NextDouble());

    private double MeanOfCurve()
    {
        double sum = (_levels[0] * _values[0]) + ((1 - _levels[^1]) * _values[^1]);
        for (int i = 1; i < _levels.Length; i++)
        {
            double logs = _logs[i] - _logs[i - 1];
            // The mean of a log-linear piece is the logarithmic mean of its ends.
            sum += (_levels[i] - _levels[i - 1]) * (logs < 1e-9 ? _values[i] : (_values[i] - _values[i - 1]) / logs);
        }
        return sum;
    }
}

internal static class Tokens
{
    internal static int Whole(double value) =>
        (int)Math.Clamp(Math.Round(value, MidpointRounding.AwayFromZero), 1, Readers.Formats.Limits.MaxTokens);
}
