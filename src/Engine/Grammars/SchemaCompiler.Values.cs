using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Kernel;

namespace Orrery.Engine.Grammars;

internal sealed partial class SchemaCompiler
{
    /// <summary>
    /// Formats as patterns. Dates are days that exist in every year (February has 28). Source: RFC 3339 (dates and times), RFC 9562 (uuid); email is the usual plain form, a part of what RFC 5321 allows (b).
    /// </summary>
    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["date"] = $"^{Date}$",
        ["time"] = $"^{Time}$",
        ["date-time"] = $"^{Date}T{Time}$",
        ["uuid"] = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        ["email"] = "^[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+){0,8}@[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?){1,4}$",
        ["ipv4"] = "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$",
    };

    private const string Date = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";
    private const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";

    /// <summary>White space between tokens: nothing, one blank, or one line end with an indentation.</summary>
    private int Space(int next) => _graph.Call(_space, next);

    private int Boolean(int next) => _graph.Split(_graph.Text("true", next), _graph.Text("false", next));

    private int String(SchemaKeywords keywords, int next)
    {
        string? pattern = keywords.Text("pattern");
        int least = keywords.Count("minLength") ?? 0;
        int? most = keywords.Count("maxLength");
        if (keywords.Text("format") is { } format)
        {
            if (!Formats.TryGetValue(format, out string? known)) throw keywords.Failure("format", $"knows no '{format}'{Names.Suggest(format, Formats.Keys)}");
            if (pattern is not null) throw keywords.Failure("format", "beside pattern is not supported");
            pattern = known;
        }
        int quote = _graph.Byte('"', next);
        if (pattern is null) return most < least ? _graph.OpenSplit() : _graph.Byte('"', _characters.Count(CodePointSet.All, least, most, quote));
        if (keywords.HasAny("minLength", "maxLength")) throw keywords.Failure(keywords.Has("minLength") ? "minLength" : "maxLength", "beside pattern or format is not supported; put the count into the pattern");
        try
        {
            return _graph.Byte('"', PatternParser.Parse(pattern).Emit(_graph, _characters, quote));
        }
        catch (PatternException problem)
        {
            throw keywords.Failure("pattern", $"has '{pattern}': {problem.Message}");
        }
    }

    private int Number(SchemaKeywords keywords, int next)
    {
        foreach (string keyword in SchemaKeywords.Number)
        {
            if (keywords.Has(keyword)) throw keywords.Failure(keyword, "is supported for type integer only");
        }
        return _numbers.Any(next);
    }

    private int Integer(SchemaKeywords keywords, int next)
    {
        if (!keywords.HasAny(SchemaKeywords.Number)) return _numbers.AnyInteger(next);
        double limit = JsonNumbers.LargestBounded;
        double least = Math.Max(Math.Ceiling(Bound("minimum", -limit)), Math.Floor(Bound("exclusiveMinimum", -limit - 1)) + 1);
        double most = Math.Min(Math.Floor(Bound("maximum", limit)), Math.Ceiling(Bound("exclusiveMaximum", limit + 1)) - 1);
        if (least > most) return _graph.OpenSplit();
        long from = Math.Clamp(Whole(least), -JsonNumbers.LargestBounded, JsonNumbers.LargestBounded);
        long to = Math.Clamp(Whole(most), -JsonNumbers.LargestBounded, JsonNumbers.LargestBounded);
        return _numbers.Between(from, to, next);

        double Bound(string keyword, double fallback) => !keywords.Has(keyword) ? fallback
            : keywords.Schema[keyword] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out double number) ? Exact(keyword, number)
            : throw keywords.Failure(keyword, "wants a number");

        // Doubles count whole numbers up to 2^53; beyond that a bound would silently move.
        double Exact(string keyword, double number) => Math.Abs(number) <= 1L << 53 ? number : throw keywords.Failure(keyword, "is supported up to 2^53");

        static long Whole(double number) => Math.Abs(number) >= JsonNumbers.LargestBounded ? Math.Sign(number) * JsonNumbers.LargestBounded : (long)number;
    }

    private int Array(SchemaKeywords keywords, int next)
    {
        JsonArray prefix = keywords.Has("prefixItems") ? keywords.List("prefixItems") : [];
        int least = keywords.Count("minItems") ?? 0;
        int? most = keywords.Count("maxItems");
        if (most < least) return _graph.OpenSplit();
        // Beyond a prefix nothing is written that nobody described, except what minItems asks for.
        JsonNode? rest = keywords.Has("items") ? keywords.Schema["items"] : true;
        bool isOpen = keywords.Has("items") || prefix.Count == 0;
        if (!isOpen) most = Math.Min(most ?? int.MaxValue, Math.Max(prefix.Count, least));
        int close = _graph.Byte(']', next);
        int item = -1;
        int count = Math.Max(prefix.Count, Math.Max(least, most ?? 0));
        int tail = close;
        if (most is null)
        {
            tail = _graph.OpenSplit();
            _graph.SetSplit(tail, Separated(Item(tail)), Space(close));
        }
        else count = most.Value;
        // From the last item to the first: after item i the array may close when there are enough.
        int after = most is null ? tail : Space(close);
        for (int i = count; i > 0; i--)
        {
            int element = i <= prefix.Count ? Schema(prefix[i - 1], $"{keywords.PathOf("prefixItems")}/{i - 1}", after) : Item(after);
            after = i == 1 ? element : i - 1 >= least ? _graph.Split(Separated(element), Space(close)) : Separated(element);
        }
        int first = count > 0 ? after : most is null ? Item(tail) : -1;
        var ways = new List<int>();
        if (first >= 0) ways.Add(Space(first));
        if (least == 0) ways.Add(Space(close));
        return _graph.Byte('[', _graph.Split([.. ways]));

        int Item(int following)
        {
            if (item < 0) item = Schema(rest, keywords.PathOf("items"), GrammarGraph.Return);
            return _graph.Call(item, following);
        }

        int Separated(int element) => _graph.Byte(',', Space(element));
    }

    /// <summary>A value listed by enum or const, with the white space that any value may have.</summary>
    private int Literal(JsonNode? value, int next)
    {
        switch (value)
        {
            case null:
                return _graph.Text("null", next);
            case JsonArray items:
                if (items.Count == 0) return _graph.Byte('[', Space(_graph.Byte(']', next)));
                int after = Space(_graph.Byte(']', next));
                for (int i = items.Count - 1; i >= 0; i--)
                {
                    after = Literal(items[i], after);
                    after = i == 0 ? _graph.Byte('[', Space(after)) : _graph.Byte(',', Space(after));
                }
                return after;
            case JsonObject members:
                if (members.Count == 0) return _graph.Byte('{', Space(_graph.Byte('}', next)));
                int node = Space(_graph.Byte('}', next));
                foreach (((string name, JsonNode? member), int i) in members.Select((pair, i) => (pair, i)).Reverse())
                {
                    node = Key(name, Literal(member, node));
                    node = i == 0 ? _graph.Byte('{', Space(node)) : _graph.Byte(',', Space(node));
                }
                return node;
            default:
                return value.GetValueKind() == JsonValueKind.String ? _graph.Byte('"', _characters.Text(value.GetValue<string>(), _graph.Byte('"', next))) : _graph.Text(value.ToJsonString(), next);
        }
    }

    private int Key(string name, int value) => _graph.Byte('"', _characters.Text(name, _graph.Byte('"', _graph.Byte(':', Space(value)))));

    /// <summary>Any value of so many levels.</summary>
    private int Free(int levels, int next)
    {
        if (_freeValues[levels] is not { } rule)
        {
            int end = GrammarGraph.Return;
            int text = _graph.Byte('"', _characters.Many(CodePointSet.All, _graph.Byte('"', end)));
            var ways = new List<int> { text, _numbers.Any(end), Boolean(end), _graph.Text("null", end) };
            if (levels > 0)
            {
                ways.Add(FreeObject(levels, end));
                ways.Add(FreeArray(levels, end));
            }
            _freeValues[levels] = rule = _graph.Split([.. ways]);
        }
        return _graph.Call(rule, next);
    }

    private int FreeArray(int levels, int next)
    {
        int close = Space(_graph.Byte(']', next));
        int loop = _graph.OpenSplit();
        _graph.SetSplit(loop, _graph.Byte(',', Space(Free(levels - 1, loop))), close);
        return _graph.Byte('[', _graph.Split(close, Space(Free(levels - 1, loop))));
    }

    private int FreeObject(int levels, int next)
    {
        int close = Space(_graph.Byte('}', next));
        int loop = _graph.OpenSplit();
        int entry = _graph.Byte('"', _characters.Many(CodePointSet.All, _graph.Text("\":", Space(Free(levels - 1, loop)))));
        _graph.SetSplit(loop, _graph.Byte(',', Space(entry)), close);
        return _graph.Byte('{', _graph.Split(close, Space(entry)));
    }
}
