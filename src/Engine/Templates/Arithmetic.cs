namespace Orrery.Engine.Templates;

/// <summary>Operators on values, by Python's rules: '/' gives a float, '//' and '%' round towards minus infinity, '+' joins strings and lists.</summary>
internal static class Arithmetic
{
    /// <summary>Bits a power may have before it is refused; whole numbers hold 63.</summary>
    private const int LargestExponent = 1024;

    public static object? Apply(RenderState state, string signs, object? a, object? b)
    {
        if (signs == "~") return Join(state, Printing.Text(state, a), Printing.Text(state, b));
        if (signs == "+" && a is string left && b is string right) return Join(state, left, right);
        if (signs == "+" && a is TemplateSequence x && b is TemplateSequence y && x.Kind == y.Kind && x.Kind != SequenceKind.Stream)
        {
            state.Step(x.Items.Count + y.Items.Count);
            return new TemplateSequence([.. x.Items, .. y.Items], x.Kind);
        }
        if (signs == "*" && (a, b) is (string, long) or (long, string)) return Repeat(state, a as string ?? (string)b!, a as long? ?? (long)b!);
        if (signs == "%" && a is string) throw new TemplateFault("formatting a string by '%' is outside the subset of Jinja that is read here");
        if (ValueOrder.Number(a) is not { } || ValueOrder.Number(b) is not { }) throw new TemplateFault($"'{signs}' has no meaning between {TypeNames.Of(a)} and {TypeNames.Of(b)}");
        return a is double || b is double || signs == "/"
            ? Floats(signs, ValueOrder.Number(a)!.Value, ValueOrder.Number(b)!.Value)
            : Checked(() => Integers(signs, ValueOrder.Whole(a), ValueOrder.Whole(b)));
    }

    public static bool Holds(RenderState state, string signs, object? a, object? b) => signs switch
    {
        "==" => ValueOrder.AreEqual(a, b),
        "!=" => !ValueOrder.AreEqual(a, b),
        "<" => IsOrdered(a, b) && ValueOrder.Compare(a, b) < 0,
        "<=" => IsOrdered(a, b) && ValueOrder.Compare(a, b) <= 0,
        ">" => IsOrdered(a, b) && ValueOrder.Compare(a, b) > 0,
        ">=" => IsOrdered(a, b) && ValueOrder.Compare(a, b) >= 0,
        "in" => Contains(state, b, a),
        _ => !Contains(state, b, a),
    };

    public static bool Contains(RenderState state, object? container, object? item)
    {
        switch (container)
        {
            case string text:
                return item is string part
                    ? text.Contains(part, StringComparison.Ordinal)
                    : throw new TemplateFault($"'in' looks for a string in a string, not for {TypeNames.Of(item)}");
            case TemplateMap map:
                return map.TryGet(item, out _);
            case Undefined:
                return false;
            case TemplateSequence sequence:
                state.Step(sequence.Items.Count);
                return sequence.Items.Any(other => ValueOrder.AreEqual(other, item));
            default:
                throw new TemplateFault($"'in' cannot look into {TypeNames.Of(container)}");
        }
    }

    /// <summary>Whole numbers here have 64 bits, Python's have no end: what does not fit is an error, never a wrong number.</summary>
    public static object? Checked(Func<object?> compute)
    {
        try
        {
            return compute();
        }
        catch (OverflowException)
        {
            throw new TemplateFault("a whole number does not fit into 64 bits");
        }
    }

    private static bool IsOrdered(object? a, object? b) =>
        !(a is double x && double.IsNaN(x)) && !(b is double y && double.IsNaN(y));

    private static string Join(RenderState state, string a, string b)
    {
        state.CheckLength((long)a.Length + b.Length);
        return state.Made(a + b);
    }

    private static string Repeat(RenderState state, string text, long count)
    {
        if (count <= 0 || text.Length == 0) return "";
        state.CheckLength(count > RenderState.LengthLimit ? long.MaxValue : text.Length * count);
        return state.Made(string.Concat(Enumerable.Repeat(text, (int)count)));
    }

    private static object? Integers(string signs, long a, long b)
    {
        if (b == 0 && signs is "//" or "%") throw new TemplateFault("a division by zero");
        return signs switch
        {
            "+" => checked(a + b),
            "-" => checked(a - b),
            "*" => checked(a * b),
            "//" => b == -1 ? checked(-a) : (a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0),
            "%" => b == -1 ? 0L : ((a % b) + b) % b,
            _ => Power(a, b),
        };
    }

    private static object? Power(long a, long exponent)
    {
        if (exponent < 0) return a == 0 ? throw new TemplateFault("a division by zero") : Math.Pow(a, exponent);
        if (a is 0 or 1) return exponent == 0 ? 1L : a;
        if (exponent > LargestExponent) throw new OverflowException();
        long power = 1;
        for (long i = 0; i < exponent; i++) power = checked(power * a);
        return power;
    }

    private static object? Floats(string signs, double a, double b)
    {
        if (b == 0 && signs is "/" or "//" or "%") throw new TemplateFault("a division by zero");
        return signs switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => Math.Floor(a / b),
            "%" => a - (b * Math.Floor(a / b)),
            _ => Math.Pow(a, b),
        };
    }
}
