using Orrery.Documents;

namespace Orrery.Serving.Speculation;

/// <summary>How good drafts are, as data: a property of target model, draft and traffic that the scenario states and policies have to learn.</summary>
public sealed record AcceptanceSpec
{
    /// <summary>Middle of the 0.5 to 0.9 that draft models reach on chat (SmartSpec, arXiv 2406.14066, b: the controller starts from it).</summary>
    public const double DefaultRate = 0.7;

    /// <summary>Share of positions at which a lookup finds something (d): summaries and copies have more, free chat less.</summary>
    public const double DefaultMatch = 0.5;

    public static readonly OptionSet<AcceptanceSpec> Set = new OptionSet<AcceptanceSpec>()
        .Number("rate", s => s.Rate, (s, v) => s with { Rate = v }, "probability that a proposed token is right", "arXiv 2406.14066 (b)", 0, 1)
        .Number("spread", s => s.Spread, (s, v) => s with { Spread = v },
            "standard deviation of this probability between requests, which is then drawn from a Beta distribution; 0: the same for all", "ours (d)", 0, 0.5)
        .Number("match", s => s.Match, (s, v) => s with { Match = v },
            "ngram: probability that the context holds something to propose", "ours (d)", 0, 1);

    public double Rate { get; init; } = DefaultRate;

    public double Spread { get; init; }

    public double Match { get; init; } = DefaultMatch;

    /// <summary>Reads <c>0.7</c> or <c>{rate: 0.7, spread: 0.1, match: 0.5}</c>.</summary>
    /// <exception cref="Kernel.InputException">Unknown key, value out of range, or a spread that no distribution of this mean has.</exception>
    public static AcceptanceSpec Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Kind == NodeKind.Scalar) return new() { Rate = node.AsNumber(0, 1) };
        MapReader map = node.AsMap();
        AcceptanceSpec spec = Set.Read(map);
        map.Done();
        double most = Math.Sqrt(spec.Rate * (1 - spec.Rate));
        if (spec.Spread > 0 && spec.Spread >= most)
            throw map.Required("spread").Error(string.Create(
                System.Globalization.CultureInfo.InvariantCulture, $"rates between 0 and 1 with the mean {spec.Rate:0.###} spread by less than {most:0.###}; write a smaller number"));
        return spec;
    }
}
