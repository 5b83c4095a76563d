using System.Globalization;
using System.Text;

namespace Orrery.Engine.Templates;

internal delegate object? Filter(RenderState state, object? value, CallArguments arguments);

/// <summary>The filters by name. Source: Jinja's documentation, "List of Builtin Filters" (b).</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Filter> Known = new(StringComparer.Ordinal)
    {
        ["trim"] = (s, v, a) => s.Made(PythonText.Strip(Text(s, v), a.Check("the filter trim", "chars").Text(0, "chars", "the filter trim"))),
        ["upper"] = (s, v, a) => s.Made(Bare(s, v, a, "upper").ToUpperInvariant()),
        ["lower"] = (s, v, a) => s.Made(Bare(s, v, a, "lower").ToLowerInvariant()),
        ["title"] = (s, v, a) => s.Made(PythonText.TitleWords(Bare(s, v, a, "title"))),
        ["capitalize"] = (s, v, a) => s.Made(PythonText.Capitalize(Bare(s, v, a, "capitalize"))),
        ["string"] = (s, v, a) => s.Made(Bare(s, v, a, "string")),
        ["safe"] = (s, v, a) => s.Made(Bare(s, v, a, "safe")),
        ["e"] = Escape,
        ["escape"] = Escape,
        ["replace"] = (s, v, a) => StringMethods.Replace(s, Text(s, v), a.Check("the filter replace", "old", "new", "count")),
        ["indent"] = Indent,
        ["tojson"] = (s, v, a) => s.Made(JsonPrinting.Text(s, v, a)),
        ["default"] = Default,
        ["d"] = Default,
        ["int"] = Int,
        ["float"] = Float,
        ["round"] = Round,
        ["abs"] = Abs,
        ["length"] = Length,
        ["count"] = Length,
        ["first"] = SequenceFilters.First,
        ["last"] = SequenceFilters.Last,
        ["list"] = SequenceFilters.List,
        ["items"] = SequenceFilters.Items,
        ["dictsort"] = SequenceFilters.DictSort,
        ["join"] = SequenceFilters.Join,
        ["map"] = SequenceFilters.Map,
        ["select"] = (s, v, a) => SequenceFilters.Select(s, v, a, byAttribute: false, keeps: true),
        ["reject"] = (s, v, a) => SequenceFilters.Select(s, v, a, byAttribute: false, keeps: false),
        ["selectattr"] = (s, v, a) => SequenceFilters.Select(s, v, a, byAttribute: true, keeps: true),
        ["rejectattr"] = (s, v, a) => SequenceFilters.Select(s, v, a, byAttribute: true, keeps: false),
        ["unique"] = SequenceFilters.Unique,
        ["sort"] = SequenceFilters.Sort,
        ["reverse"] = SequenceFilters.Reverse,
        ["min"] = (s, v, a) => SequenceFilters.Extreme(s, v, a, "min", -1),
        ["max"] = (s, v, a) => SequenceFilters.Extreme(s, v, a, "max", 1),
        ["sum"] = SequenceFilters.Sum,
    };

    public static IReadOnlyCollection<string> Names => Known.Keys;

    public static Filter? Find(string name) => Known.GetValueOrDefault(name);

    private static string Text(RenderState state, object? value) => Printing.Text(state, value);

    private static string Bare(RenderState state, object? value, CallArguments arguments, string name)
    {
        arguments.Check($"the filter {name}");
        return Text(state, value);
    }

    private static object? Escape(RenderState state, object? value, CallArguments arguments)
    {
        var text = new StringBuilder();
        foreach (char c in Bare(state, value, arguments, "escape"))
        {
            _ = c switch
            {
                '&' => text.Append("&amp;"),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '\'' => text.Append("&#39;"),
                '"' => text.Append("&#34;"),
                _ => text.Append(c),
            };
        }
        return state.Made(text.ToString());
    }

    private static object? Indent(RenderState state, object? value, CallArguments arguments)
    {
        const string name = "the filter indent";
        arguments.Check(name, "width", "first", "blank");
        string mark = arguments.Take(0, "width", 4L) switch
        {
            string characters => characters,
            long width and >= 0 and <= 256 => new string(' ', (int)width),
            _ => throw new TemplateFault($"{name} wants a string or a width of 0 to 256"),
        };
        bool isBlankToo = arguments.Flag(2, "blank");
        // Jinja puts a line end behind the text first, so that the last line counts as one.
        string text = value as string ?? throw new TemplateFault($"{name} wants a string, not {TypeNames.Of(value)}");
        string[] lines = (text + "\n").ReplaceLineEndings("\n").Split('\n')[..^1];
        state.CheckLength(((long)mark.Length * lines.Length) + RenderState.LengthLimit / 2);
        state.Step(lines.Length);
        for (int i = arguments.Flag(1, "first") ? 0 : 1; i < lines.Length; i++)
        {
            if (lines[i].Length > 0 || isBlankToo || i == 0) lines[i] = mark + lines[i];
        }
        return state.Made(string.Join('\n', lines));
    }

    private static object? Default(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter default", "default_value", "boolean");
        bool isReplaced = value is Undefined || (arguments.Flag(1, "boolean") && !Truth.Of(value));
        return isReplaced ? arguments.Take(0, "default_value", "") : value;
    }

    private static object? Int(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter int", "default");
        object? fallback = arguments.Take(0, "default", 0L);
        switch (value)
        {
            case Undefined:
                throw new TemplateFault($"the filter int wants a number, not {TypeNames.Of(value)}");
            case long or bool:
                return ValueOrder.Whole(value);
            case double number:
                return Math.Abs(number) < long.MaxValue ? (long)number : fallback;
            case string text:
                string trimmed = PythonText.Strip(text, null);
                if (long.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)) return whole;
                return TryFloat(trimmed, out double parsed) && Math.Abs(parsed) < long.MaxValue ? (long)parsed : fallback;
            default:
                return fallback;
        }
    }

    private static object? Float(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter float", "default");
        object? fallback = arguments.Take(0, "default", 0.0);
        if (value is Undefined) throw new TemplateFault($"the filter float wants a number, not {TypeNames.Of(value)}");
        return value is string text ? (TryFloat(PythonText.Strip(text, null), out double parsed) ? parsed : fallback) : ValueOrder.Number(value) is { } number ? number : fallback;
    }

    private static bool TryFloat(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);

    private static object? Round(RenderState state, object? value, CallArguments arguments)
    {
        const string name = "the filter round";
        arguments.Check(name, "precision", "method");
        double number = ValueOrder.Number(value) ?? throw new TemplateFault($"{name} wants a number, not {TypeNames.Of(value)}");
        long precision = arguments.Integer(0, "precision", 0, name);
        if (precision is < 0 or > 15) throw new TemplateFault($"{name} wants a precision of 0 to 15, not {precision}");
        double power = Math.Pow(10, precision);
        double rounded = arguments.Text(1, "method", name) switch
        {
            null or "common" => Math.Round(number, (int)precision, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(number * power) / power,
            "floor" => Math.Floor(number * power) / power,
            string other => throw new TemplateFault($"{name} knows the methods common, ceil and floor, not '{other}'"),
        };
        // Python leaves a whole number whole only where nothing was computed with it.
        return value is long && arguments.Text(1, "method", name) is null or "common" ? value : rounded;
    }

    private static object? Abs(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter abs");
        return value switch
        {
            long or bool => Arithmetic.Checked(() => Math.Abs(ValueOrder.Whole(value))),
            double number => Math.Abs(number),
            _ => throw new TemplateFault($"the filter abs wants a number, not {TypeNames.Of(value)}"),
        };
    }

    private static object? Length(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter length");
        return value switch
        {
            string text => (long)PythonText.Length(text),
            TemplateSequence { Kind: not SequenceKind.Stream } sequence => (long)sequence.Items.Count,
            TemplateMap map => (long)map.Entries.Count,
            Undefined => 0L,
            _ => throw new TemplateFault($"{TypeNames.Of(value)} has no length"),
        };
    }
}
