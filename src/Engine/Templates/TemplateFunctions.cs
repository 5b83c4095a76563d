using System.Globalization;

namespace Orrery.Engine.Templates;

/// <summary>Functions that every template may call.</summary>
internal static class TemplateFunctions
{
    /// <summary>Items of one range, as Jinja's sandbox has it.</summary>
    private const long RangeLimit = 100_000;

    private static readonly Dictionary<string, TemplateFunction> Known = new[]
    {
        new TemplateFunction("namespace", Namespace),
        new TemplateFunction("dict", Dict),
        new TemplateFunction("range", Range),
        new TemplateFunction("raise_exception", Raise),
    }.ToDictionary(function => function.Name, StringComparer.Ordinal);

    private static readonly TemplateFunction Time = new("strftime_now", TimeText);

    /// <summary>The function of this name; <c>strftime_now</c> only where the caller told the time.</summary>
    public static TemplateFunction? Find(string name, RenderState state) =>
        name == Time.Name ? (state.Now is null ? null : Time) : Known.GetValueOrDefault(name);

    private static object? Namespace(RenderState state, CallArguments arguments)
    {
        var made = new TemplateNamespace();
        if (arguments.Positional is [TemplateMap map])
        {
            foreach ((object? key, object? value) in map.Entries) made.Attributes[Printing.Text(state, key)] = value;
        }
        else if (arguments.Positional.Count > 0) throw new TemplateFault("namespace wants named arguments or one dictionary");
        foreach ((string name, object? value) in arguments.Named) made.Attributes[name] = value;
        return made;
    }

    private static object? Dict(RenderState state, CallArguments arguments)
    {
        var map = new TemplateMap();
        foreach (object? value in arguments.Positional)
        {
            if (value is not TemplateMap other) throw new TemplateFault("dict wants named arguments or a dictionary");
            foreach ((object? key, object? item) in other.Entries) map.Set(key, item);
        }
        foreach ((string name, object? value) in arguments.Named) map.Set(name, value);
        return map;
    }

    private static object? Range(RenderState state, CallArguments arguments)
    {
        const string name = "range";
        if (arguments.Positional.Count == 0) throw new TemplateFault("range wants at least one number");
        arguments.Check(name, "start", "stop", "step");
        bool isBare = arguments.Positional.Count == 1;
        long start = isBare ? 0 : arguments.Integer(0, "start", 0, name);
        long stop = isBare ? arguments.Integer(0, "stop", 0, name) : arguments.Integer(1, "stop", 0, name);
        long step = arguments.Integer(2, "step", 1, name);
        if (step == 0) throw new TemplateFault("the step of range cannot be 0");
        Int128 span = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        Int128 count = span <= 0 ? 0 : ((span - 1) / Int128.Abs(step)) + 1;
        if (count > RangeLimit) throw new TemplateFault($"a range has at most {RangeLimit} numbers");
        state.Step((int)count);
        object?[] items = new object?[(int)count];
        for (int i = 0; i < items.Length; i++) items[i] = start + (i * step);
        return new TemplateSequence(items);
    }

    private static object? Raise(RenderState state, CallArguments arguments) =>
        throw new TemplateRefusal(Printing.Text(state, arguments.Required(0, "message", "raise_exception")));

    private static object? TimeText(RenderState state, CallArguments arguments)
    {
        string format = arguments.Check("strftime_now", "format").Text(0, "format", "strftime_now") ?? throw new TemplateFault("strftime_now wants a format");
        DateTime now = state.Now!.Value;
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            bool isBare = format[i + 1] == '-' && i + 2 < format.Length;
            i += isBare ? 2 : 1;
            string part = Part(now, format[i]);
            text.Append(isBare && part.Length > 1 ? part.TrimStart('0').PadLeft(1, '0') : part);
        }
        return state.Made(text.ToString());
    }

    private static string Part(DateTime now, char code) => code switch
    {
        'Y' => now.ToString("yyyy", CultureInfo.InvariantCulture),
        'y' => now.ToString("yy", CultureInfo.InvariantCulture),
        'm' => now.ToString("MM", CultureInfo.InvariantCulture),
        'd' => now.ToString("dd", CultureInfo.InvariantCulture),
        'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'b' => now.ToString("MMM", CultureInfo.InvariantCulture),
        'B' => now.ToString("MMMM", CultureInfo.InvariantCulture),
        'a' => now.ToString("ddd", CultureInfo.InvariantCulture),
        'A' => now.ToString("dddd", CultureInfo.InvariantCulture),
        'H' => now.ToString("HH", CultureInfo.InvariantCulture),
        'I' => now.ToString("hh", CultureInfo.InvariantCulture),
        'M' => now.ToString("mm", CultureInfo.InvariantCulture),
        'S' => now.ToString("ss", CultureInfo.InvariantCulture),
        'p' => now.ToString("tt", CultureInfo.InvariantCulture),
        'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        'T' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        '%' => "%",
        _ => throw new TemplateFault($"strftime_now does not know '%{code}'"),
    };
}
