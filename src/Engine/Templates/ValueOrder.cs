using System.Runtime.CompilerServices;

namespace Orrery.Engine.Templates;

/// <summary>Equality and order of values, by Python's rules: True == 1 == 1.0, strings by code point, lists item by item.</summary>
internal static class ValueOrder
{
    /// <summary>Items that one comparison of nested values may visit: shared parts make a small value endless to compare.</summary>
    private const int ComparisonLimit = 1_000_000;

    public static bool AreEqual(object? a, object? b)
    {
        int budget = ComparisonLimit;
        return Equal(a, b, ref budget);
    }

    /// <exception cref="TemplateFault">The two have no order.</exception>
    public static int Compare(object? a, object? b)
    {
        if (Number(a) is { } && Number(b) is { })
        {
            return a is double || b is double ? Number(a)!.Value.CompareTo(Number(b)!.Value) : Whole(a).CompareTo(Whole(b));
        }
        if (a is string x && b is string y) return PythonText.Compare(x, y);
        if (a is TemplateSequence { Kind: not SequenceKind.Stream } left && b is TemplateSequence { Kind: not SequenceKind.Stream } right && left.Kind == right.Kind)
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            for (int i = 0; i < Math.Min(left.Items.Count, right.Items.Count); i++)
            {
                if (!AreEqual(left.Items[i], right.Items[i])) return Compare(left.Items[i], right.Items[i]);
            }
            return left.Items.Count.CompareTo(right.Items.Count);
        }
        throw new TemplateFault($"{TypeNames.Of(a)} and {TypeNames.Of(b)} have no order");
    }

    /// <summary>A number, with booleans as 0 and 1; null for anything else.</summary>
    public static double? Number(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        _ => null,
    };

    public static long Whole(object? value) => value is bool flag ? (flag ? 1 : 0) : (long)value!;

    private static bool Equal(object? a, object? b, ref int budget)
    {
        if (--budget < 0) throw new TemplateFault("two values are too large to compare");
        if (a is null || b is null) return a is null && b is null;
        if (a is Undefined || b is Undefined) return a is Undefined && b is Undefined;
        if (Number(a) is { } x && Number(b) is { } y) return a is double || b is double ? x == y : Whole(a) == Whole(b);
        if (a is string text) budget -= text.Length / RenderState.CharactersAStep;
        return (a, b) switch
        {
            (string left, string right) => string.Equals(left, right, StringComparison.Ordinal),
            (TemplateSequence left, TemplateSequence right) => EqualSequences(left, right, ref budget),
            (TemplateMap left, TemplateMap right) => EqualMaps(left, right, ref budget),
            _ => ReferenceEquals(a, b),
        };
    }

    private static bool EqualSequences(TemplateSequence a, TemplateSequence b, ref int budget)
    {
        if (ReferenceEquals(a, b)) return true;
        if (a.Kind != b.Kind || a.Kind == SequenceKind.Stream || a.Items.Count != b.Items.Count) return false;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        for (int i = 0; i < a.Items.Count; i++)
        {
            if (!Equal(a.Items[i], b.Items[i], ref budget)) return false;
        }
        return true;
    }

    private static bool EqualMaps(TemplateMap a, TemplateMap b, ref int budget)
    {
        if (ReferenceEquals(a, b)) return true;
        if (a.Entries.Count != b.Entries.Count) return false;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (KeyValuePair<object?, object?> entry in a.Entries)
        {
            if (!b.TryGet(entry.Key, out object? other) || !Equal(entry.Value, other, ref budget)) return false;
        }
        return true;
    }
}
