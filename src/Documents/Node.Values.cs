using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Documents;

/// <summary>
/// Reading a value as what the caller needs. Every method throws <see cref="InputException"/> with the place, what stands there and
/// what would be right.
/// </summary>
public sealed partial class Node
{
    /// <summary>A century (36,500 days): beyond it a time is no configuration but a mistake, and would come near the clock's end.</summary>
    private const double LongestSeconds = 36_500 * 86_400.0;

    /// <summary>The largest round size that fits the 64-bit byte counter.</summary>
    private const double LargestBytes = 9e18;

    /// <summary>Any scalar as text; numbers too, as they are written.</summary>
    public string AsText() => Kind == NodeKind.Scalar ? Text : throw Error($"expected text, not {Describe()}");

    /// <summary>One of the known names, exactly; an unknown one gives the nearest and the list.</summary>
    public string AsOneOf(IReadOnlyCollection<string> known, string noun = "name")
    {
        string text = AsText();
        return known.Contains(text) ? text : throw Error($"unknown {noun} '{Quantities.Shorten(text)}'" + Names.Suggest(text, known));
    }

    /// <summary>A member of an enum by its name in lower case with hyphens: <c>LeastLoaded</c> is <c>least-loaded</c>.</summary>
    public TEnum AsChoice<TEnum>(string noun = "name")
        where TEnum : struct, Enum => ChoiceNames.Parse<TEnum>(AsOneOf(ChoiceNames.All<TEnum>(), noun));

    public int AsInt(int min = int.MinValue, int max = int.MaxValue) => (int)AsLong(min, max);

    /// <summary>Decimal digits with an optional sign; no separators, no fraction, no exponent.</summary>
    public long AsLong(long min = long.MinValue, long max = long.MaxValue)
    {
        RequireUnquoted("a whole number such as 8", text => Numbers.LooksWhole(text));
        if (!Numbers.LooksWhole(Text)) throw Error($"expected a whole number such as 8, not {Describe()}");
        if (!Numbers.TryWhole(Text, out long value) || value < min || value > max)
        {
            bool openAbove = max is long.MaxValue or int.MaxValue;
            bool openBelow = min is long.MinValue or int.MinValue;
            throw OutOfRange("a whole number", openBelow ? null : Numbers.Text(min), openAbove && value < min ? null : Numbers.Text(max));
        }
        return value;
    }

    public double AsNumber(double min = double.NegativeInfinity, double max = double.PositiveInfinity)
    {
        RequireUnquoted("a number such as 0.5", text => Numbers.LooksNumeric(text));
        if (!Numbers.LooksNumeric(Text)) throw Error($"expected a number such as 0.5, not {Describe()}");
        if (!Numbers.TryNumber(Text, out double value)) throw Error($"'{Quantities.Shorten(Text)}' is too large to be a number");
        if (value < min || value > max)
        {
            throw OutOfRange(
                "a number",
                double.IsInfinity(min) ? null : Numbers.Text(min),
                double.IsInfinity(max) ? null : Numbers.Text(max));
        }
        return value;
    }

    public bool AsBool()
    {
        RequireUnquoted("true or false", PlainScalars.IsBool);
        return Kind == NodeKind.Scalar && PlainScalars.IsBool(Text)
            ? Text == "true"
            : throw Error($"expected true or false, not {Describe()}");
    }

    /// <summary>A time of at least <paramref name="minSeconds"/>, rounded to the nanosecond: <c>250ms</c>.</summary>
    public Duration AsDuration(double minSeconds = 0) => Duration.FromSeconds(AsQuantity(Documents.Quantity.Duration, minSeconds, LongestSeconds));

    /// <summary>A size of at least <paramref name="min"/> bytes, rounded to the byte: <c>80GB</c> = 80·10^9, <c>80GiB</c> = 80·2^30.</summary>
    public Bytes AsBytes(double min = 0) => new((long)Math.Round(AsQuantity(Documents.Quantity.Bytes, min, LargestBytes)));

    /// <summary>A number with a unit, in the plain unit that <see cref="Documents.Quantity"/> states; quotes do not matter.</summary>
    public double AsQuantity(Quantity kind, double min = 0, double max = double.PositiveInfinity)
    {
        if (Kind != NodeKind.Scalar) throw Error($"expected {Quantities.Noun(kind)} such as {Quantities.Example(kind)}, not {Describe()}");
        if (!Quantities.TryParse(Text, kind, out double value, out string? problem)) throw Error(problem!);
        if (value < min || value > max)
        {
            throw OutOfRange(
                Quantities.Noun(kind),
                double.IsInfinity(min) ? null : Quantities.Format(min, kind),
                double.IsInfinity(max) ? null : Quantities.Format(max, kind));
        }
        return value;
    }

    /// <summary>A reader that remembers which keys were asked for.</summary>
    public MapReader AsMap() =>
        Kind == NodeKind.Mapping ? new MapReader(this) : throw Error($"expected a mapping (key: value), not {Describe()}");

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<Node> AsList() => Kind == NodeKind.Sequence ? Items : throw Error($"expected a list, not {Describe()}");

    /// <summary>What stands here, for a sentence: <c>'abc'</c>, <c>a list</c>, <c>a mapping</c>, <c>nothing</c>.</summary>
    public string Describe() => Kind switch
    {
        NodeKind.Scalar => $"'{Quantities.Shorten(Text)}'",
        NodeKind.Sequence => "a list",
        NodeKind.Mapping => "a mapping",
        _ => "nothing",
    };

    private void RequireUnquoted(string wanted, Func<string, bool> wouldDo)
    {
        if (Kind == NodeKind.Scalar && !IsPlain && wouldDo(Text))
            throw Error($"expected {wanted}, but '{Text}' is text because of its quotes; write {Text} without quotes");
    }

    private InputException OutOfRange(string noun, string? min, string? max)
    {
        string range = (min, max) switch
        {
            (null, _) => $"of at most {max}",
            (_, null) => $"of at least {min}",
            _ => string.Create(CultureInfo.InvariantCulture, $"from {min} to {max}"),
        };
        return Error($"'{Quantities.Shorten(Text)}' is out of range; write {noun} {range}");
    }
}
