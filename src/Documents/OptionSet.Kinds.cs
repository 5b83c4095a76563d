using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Documents;

/// <summary>
/// One method per kind of option; each takes key, getter, <c>with</c> setter, one sentence of doc and the source of the default.
/// </summary>
public sealed partial class OptionSet<T>
{
    public OptionSet<T> Int(
        string key, Func<T, int> get, Func<T, int, T> set, string doc, string source, int min = 1, int max = int.MaxValue) =>
        Add(key, Shape.Integer(min, max), get, set, node => node.AsInt(min, max), value => Node.Plain(Numbers.Text(value)), doc, source);

    public OptionSet<T> OptionalInt(
        string key, Func<T, int?> get, Func<T, int?, T> set, string doc, string source, int min = 1, int max = int.MaxValue) =>
        AddOptional(key, Shape.Integer(min, max), get, set,
            node => node.AsInt(min, max), value => Node.Plain(Numbers.Text(value)), doc, source);

    public OptionSet<T> Number(
        string key, Func<T, double> get, Func<T, double, T> set, string doc, string source,
        double min = 0, double max = double.PositiveInfinity) =>
        Add(key, Shape.Real(min, max), get, set, node => node.AsNumber(min, max), value => Node.Plain(Numbers.Text(value)), doc, source);

    public OptionSet<T> OptionalNumber(
        string key, Func<T, double?> get, Func<T, double?, T> set, string doc, string source,
        double min = 0, double max = double.PositiveInfinity) =>
        AddOptional(key, Shape.Real(min, max), get, set,
            node => node.AsNumber(min, max), value => Node.Plain(Numbers.Text(value)), doc, source);

    public OptionSet<T> Bool(string key, Func<T, bool> get, Func<T, bool, T> set, string doc, string source) =>
        Add(key, Shape.Truth, get, set, node => node.AsBool(), value => Node.Plain(value ? "true" : "false"), doc, source);

    public OptionSet<T> OptionalBool(string key, Func<T, bool?> get, Func<T, bool?, T> set, string doc, string source) =>
        AddOptional(key, Shape.Truth, get, set, node => node.AsBool(), value => Node.Plain(value ? "true" : "false"), doc, source);

    public OptionSet<T> Text(string key, Func<T, string> get, Func<T, string, T> set, string doc, string source) =>
        Add(key, Shape.AnyText, get, set, node => node.AsText(), Node.Quoted, doc, source);

    public OptionSet<T> OptionalText(string key, Func<T, string?> get, Func<T, string?, T> set, string doc, string source) =>
        Add(key, Shape.AnyText with { IsOptional = true }, get, set,
            node => node.Kind == NodeKind.Null ? null : node.AsText(),
            value => value is null ? Node.Plain("null") : Node.Quoted(value), doc, source);

    /// <summary>One of a list of names, kept as text.</summary>
    public OptionSet<T> Choice(
        string key, IReadOnlyList<string> names, Func<T, string> get, Func<T, string, T> set, string doc, string source) =>
        Add(key, Shape.OneOf(names), get, set, node => node.AsOneOf(names, key), Node.Quoted, doc, source);

    /// <summary>A member of an enum, written in lower case with hyphens.</summary>
    public OptionSet<T> Choice<TEnum>(string key, Func<T, TEnum> get, Func<T, TEnum, T> set, string doc, string source)
        where TEnum : struct, Enum =>
        Add(key, Shape.OneOf(ChoiceNames.All<TEnum>()), get, set,
            node => node.AsChoice<TEnum>(key), value => Node.Quoted(ChoiceNames.Of(value)), doc, source);

    /// <param name="minSeconds">The least that makes sense; above 0 for what repeats.</param>
    public OptionSet<T> Duration(string key, Func<T, Duration> get, Func<T, Duration, T> set, string doc, string source, double minSeconds = 0) =>
        Add(key, Shape.Of(Documents.Quantity.Duration, minSeconds, double.PositiveInfinity), get, set,
            node => node.AsDuration(minSeconds), DurationNode, doc, source);

    public OptionSet<T> OptionalDuration(string key, Func<T, Duration?> get, Func<T, Duration?, T> set, string doc, string source, double minSeconds = 0) =>
        AddOptional(key, Shape.Of(Documents.Quantity.Duration, minSeconds, double.PositiveInfinity), get, set,
            node => node.AsDuration(minSeconds), DurationNode, doc, source);

    public OptionSet<T> Bytes(string key, Func<T, Bytes> get, Func<T, Bytes, T> set, string doc, string source, double min = 0) =>
        Add(key, Shape.Of(Documents.Quantity.Bytes, min, double.PositiveInfinity), get, set, node => node.AsBytes(min), BytesNode, doc, source);

    public OptionSet<T> OptionalBytes(string key, Func<T, Bytes?> get, Func<T, Bytes?, T> set, string doc, string source, double min = 0) =>
        AddOptional(key, Shape.Of(Documents.Quantity.Bytes, min, double.PositiveInfinity), get, set,
            node => node.AsBytes(min), BytesNode, doc, source);

    /// <summary>A number with a unit; the record holds it in the plain unit that <see cref="Documents.Quantity"/> states.</summary>
    public OptionSet<T> Quantity(
        string key, Quantity kind, Func<T, double> get, Func<T, double, T> set, string doc, string source,
        double min = 0, double max = double.PositiveInfinity) =>
        Add(key, Shape.Of(kind, min, max), get, set,
            node => node.AsQuantity(kind, min, max), value => Node.Plain(Quantities.Format(value, kind)), doc, source);

    public OptionSet<T> OptionalQuantity(
        string key, Quantity kind, Func<T, double?> get, Func<T, double?, T> set, string doc, string source,
        double min = 0, double max = double.PositiveInfinity) =>
        AddOptional(key, Shape.Of(kind, min, max), get, set,
            node => node.AsQuantity(kind, min, max), value => Node.Plain(Quantities.Format(value, kind)), doc, source);

    private static Node DurationNode(Duration value) => Node.Plain(Quantities.Format(value.Seconds, Documents.Quantity.Duration));

    private static Node BytesNode(Bytes value) => Node.Plain(Quantities.Format(value.Count, Documents.Quantity.Bytes));
}
