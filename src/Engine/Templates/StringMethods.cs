namespace Orrery.Engine.Templates;

/// <summary>Methods of strings.</summary>
internal static class StringMethods
{
    private static readonly HashSet<string> Refused = new(StringComparer.Ordinal)
    {
        "casefold", "center", "encode", "expandtabs", "format", "format_map", "index", "isalpha", "isascii", "isdecimal", "isidentifier", "islower", "isnumeric", "isprintable", "isspace",
        "istitle", "isupper", "ljust", "maketrans", "partition", "removeprefix", "removesuffix", "rfind", "rindex", "rjust", "rpartition", "swapcase", "translate", "zfill",
    };

    public static TemplateFunction? Find(string text, string name)
    {
        Func<RenderState, CallArguments, object?>? body = name switch
        {
            "strip" => (state, a) => state.Made(PythonText.Strip(text, a.Check(name, "chars").Text(0, "chars", name))),
            "lstrip" => (state, a) => state.Made(PythonText.Strip(text, a.Check(name, "chars").Text(0, "chars", name), right: false)),
            "rstrip" => (state, a) => state.Made(PythonText.Strip(text, a.Check(name, "chars").Text(0, "chars", name), left: false)),
            "upper" => (state, a) => state.Made(Bare(a, name, text).ToUpperInvariant()),
            "lower" => (state, a) => state.Made(Bare(a, name, text).ToLowerInvariant()),
            "title" => (state, a) => state.Made(PythonText.Title(Bare(a, name, text))),
            "capitalize" => (state, a) => state.Made(PythonText.Capitalize(Bare(a, name, text))),
            "isdigit" => (_, a) => Bare(a, name, text).Length > 0 && text.All(char.IsDigit),
            "isalnum" => (_, a) => Bare(a, name, text).Length > 0 && text.All(char.IsLetterOrDigit),
            "split" => (state, a) => Split(state, text, a, fromRight: false),
            "rsplit" => (state, a) => Split(state, text, a, fromRight: true),
            "splitlines" => (state, a) => Lines(state, Bare(a, name, text)),
            "startswith" => (_, a) => HasAffix(a.Check(name, "prefix").Required(0, "prefix", name), name, part => text.StartsWith(part, StringComparison.Ordinal)),
            "endswith" => (_, a) => HasAffix(a.Check(name, "suffix").Required(0, "suffix", name), name, part => text.EndsWith(part, StringComparison.Ordinal)),
            "replace" => (state, a) => Replace(state, text, a.Check(name, "old", "new", "count")),
            "find" => (_, a) => Find(text, a.Check(name, "part")),
            "count" => (_, a) => Count(text, a.Check(name, "part")),
            "join" => (state, a) => SequenceFilters.Join(state, a.Check(name, "items").Required(0, "items", name), text, isStrict: true),
            _ => Refused.Contains(name) ? (_, _) => throw new TemplateFault($"the method '{name}' of a string is outside the subset of Jinja that is read here") : null,
        };
        return body is null ? null : new TemplateFunction(name, (state, arguments) =>
        {
            state.Charge(text);
            return body(state, arguments);
        });
    }

    /// <summary>The text with <paramref name="arguments"/> old, new and count replaced, as the method and the filter do.</summary>
    public static string Replace(RenderState state, string text, CallArguments arguments)
    {
        string old = arguments.Text(0, "old", "replace") ?? throw new TemplateFault("replace wants an argument 'old'");
        string fresh = arguments.Text(1, "new", "replace") ?? throw new TemplateFault("replace wants an argument 'new'");
        long most = arguments.Take(2, "count") is null ? -1 : arguments.Integer(2, "count", -1, "replace");
        var parts = new List<string>();
        if (old.Length == 0)
        {
            // Python puts the new text between all characters and at both ends.
            state.Step(text.Length);
            List<string> characters = PythonText.Characters(text);
            long insertions = most < 0 ? characters.Count + 1 : Math.Min(most, characters.Count + 1);
            state.CheckLength(text.Length + (insertions * fresh.Length));
            for (int i = 0; i <= characters.Count; i++)
            {
                if (i < insertions) parts.Add(fresh);
                if (i < characters.Count) parts.Add(characters[i]);
            }
            return state.Made(string.Concat(parts));
        }
        int at = 0;
        for (long done = 0; most < 0 || done < most; done++)
        {
            int next = text.IndexOf(old, at, StringComparison.Ordinal);
            if (next < 0) break;
            parts.Add(text[at..next]);
            at = next + old.Length;
        }
        if (parts.Count == 0) return text;
        state.CheckLength(text.Length + ((long)parts.Count * (fresh.Length - old.Length)));
        parts.Add(text[at..]);
        return state.Made(string.Join(fresh, parts));
    }

    private static string Bare(CallArguments arguments, string name, string text)
    {
        arguments.Check(name);
        return text;
    }

    private static bool HasAffix(object? affix, string name, Func<string, bool> matches) => affix switch
    {
        string part => matches(part),
        TemplateSequence { Kind: SequenceKind.Tuple } parts => parts.Items.Any(part => HasAffix(part, name, matches)),
        _ => throw new TemplateFault($"{name} wants a string or a tuple of strings, not {TypeNames.Of(affix)}"),
    };

    private static TemplateSequence Split(RenderState state, string text, CallArguments arguments, bool fromRight)
    {
        string name = fromRight ? "rsplit" : "split";
        arguments.Check(name, "sep", "maxsplit");
        string? separator = arguments.Text(0, "sep", name);
        long most = arguments.Integer(1, "maxsplit", -1, name);
        if (separator is { Length: 0 }) throw new TemplateFault($"{name} wants a separator that is not empty");
        List<string> parts = separator is null && !fromRight ? PythonText.SplitAtSpace(text, most) : [];
        if (separator is null && fromRight)
        {
            if (most >= 0) throw new TemplateFault("rsplit at white space with a limit is outside the subset of Jinja that is read here");
            parts = PythonText.SplitAtSpace(text, -1);
        }
        else if (separator is not null)
        {
            parts = [.. text.Split(separator)];
            if (most >= 0 && parts.Count - 1 > most)
            {
                int kept = (int)most;
                parts = fromRight
                    ? [string.Join(separator, parts[..^kept]), .. parts[^kept..]]
                    : [.. parts[..kept], string.Join(separator, parts[kept..])];
            }
        }
        state.Step(parts.Count);
        state.Made(text);
        return new TemplateSequence(parts);
    }

    private static TemplateSequence Lines(RenderState state, string text)
    {
        List<string> lines = [.. text.ReplaceLineEndings("\n").Split('\n')];
        if (lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        state.Step(lines.Count);
        state.Made(text);
        return new TemplateSequence(lines);
    }

    private static object? Find(string text, CallArguments arguments)
    {
        string part = arguments.Text(0, "part", "find") ?? throw new TemplateFault("find wants a string");
        int place = text.IndexOf(part, StringComparison.Ordinal);
        return place < 0 ? -1L : PythonText.Length(text[..place]);
    }

    private static object? Count(string text, CallArguments arguments)
    {
        string part = arguments.Text(0, "part", "count") ?? throw new TemplateFault("count wants a string");
        return part.Length == 0 ? PythonText.Length(text) + 1L : text.Split(part).Length - 1L;
    }
}
