using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Metrics;

/// <summary>How the quality of one response is made from its read-out.</summary>
public enum QoeFormula
{
    /// <summary>Area read over the area that was due, which never counts more than the reader would have read by the end.</summary>
    V1,

    /// <summary>One minus the delay of all tokens over their time until the end.</summary>
    V2,
}

/// <summary>How the speeds of readers differ.</summary>
public enum ReaderGroups
{
    /// <summary>Everybody reads at the mean.</summary>
    Same,

    /// <summary>Five age groups, whose mean is the given one.</summary>
    Ages,
}

/// <summary>What readers expect and how QoE counts it: the <c>qoe:</c> of a scenario.</summary>
/// <remarks>Source: Andes, Liu et al. 2024, arXiv 2404.16283; version 1 (b), version 2 (b), the factor for late first tokens (b).</remarks>
public sealed record QoeRule
{
    /// <summary>Speed of a group in words per minute, and its share of readers (Andes, values from memory, c).</summary>
    private static readonly (double WordsPerMinute, double Share)[] AgeGroups = [(236, 0.280), (200, 0.519), (192, 0.112), (185, 0.056), (175, 0.033)];

    private static readonly double MeanWordsPerMinute = AgeGroups.Sum(group => group.WordsPerMinute * group.Share);

    private const double SlowestTokensPerSecond = 1e-3;

    private const double FastestTokensPerSecond = 1e6;

    public static readonly OptionSet<QoeRule> Set = new OptionSet<QoeRule>()
        .Duration("ttft", o => o.Ttft, (o, v) => o with { Ttft = v }, "the first token is expected this long after arrival", "arXiv 2404.16283 (b)")
        .Number("tokensPerSecond", o => o.TokensPerSecond, (o, v) => o with { TokensPerSecond = v },
            "mean reading speed; 3.3 for speech", "arXiv 2404.16283 (b)", SlowestTokensPerSecond, FastestTokensPerSecond)
        .Choice("readers", o => o.Readers, (o, v) => o with { Readers = v },
            "whether all read equally fast or by age group; a request's reader is the same under every policy", "arXiv 2404.16283 (c)")
        .Choice("formula", o => o.Formula, (o, v) => o with { Formula = v }, "version of the paper", "arXiv 2404.16283 (b)")
        .Number("ttftPenalty", o => o.TtftPenalty, (o, v) => o with { TtftPenalty = v },
            "alpha: QoE is multiplied by it for every second that the first token is late; 1: not at all", "arXiv 2404.16283 (b)", max: 1);

    public Duration Ttft { get; init; } = ReadingExpectation.Default.Ttft;

    public double TokensPerSecond { get; init; } = ReadingExpectation.UsualTokensPerSecond;

    public ReaderGroups Readers { get; init; } = ReaderGroups.Same;

    public QoeFormula Formula { get; init; } = QoeFormula.V1;

    public double TtftPenalty { get; init; } = 1;

    /// <summary>What the reader of one request expects: a function of the request and the stream's seed alone.</summary>
    public ReadingExpectation ReaderOf(long request, RandomStream random)
    {
        if (Readers == ReaderGroups.Same) return Expecting(TokensPerSecond);
        double draw = random.Keyed(request, 0);
        int group = 0;
        while (group < AgeGroups.Length - 1 && draw >= AgeGroups[group].Share) draw -= AgeGroups[group++].Share;
        return Expecting(TokensPerSecond * AgeGroups[group].WordsPerMinute / MeanWordsPerMinute);
    }

    /// <summary>QoE in [0, 1] of the tokens delivered so far; see <see cref="Digestion.Quality"/>. Early first tokens earn nothing.</summary>
    /// <param name="digestion">What the reader has consumed.</param>
    /// <param name="reader">What the reader expects.</param>
    /// <param name="ttft">From arrival to the first token; infinite before it.</param>
    public double QualityOf(in Digestion digestion, ReadingExpectation reader, Duration ttft)
    {
        double quality = digestion.Quality(reader, Formula);
        if (TtftPenalty == 1 || ttft.IsInfinite) return quality;
        return quality * Math.Pow(TtftPenalty, Math.Max(0, (ttft - reader.Ttft).Seconds));
    }

    private ReadingExpectation Expecting(double tokensPerSecond) => new(Ttft, Duration.FromSeconds(1 / tokensPerSecond));
}
