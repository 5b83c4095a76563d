namespace Orrery.Engine.Templates;

/// <summary>Which values count as true, by Python's rules.</summary>
internal static class Truth
{
    public static bool Of(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        TemplateSequence sequence => sequence.Kind == SequenceKind.Stream || sequence.Items.Count > 0,
        TemplateMap map => map.Entries.Count > 0,
        _ => true,
    };
}

/// <summary>What a value is called in errors.</summary>
internal static class TypeNames
{
    public static string Of(object? value) => value switch
    {
        null => "none",
        Undefined undefined => $"an undefined value ({undefined.What} does not exist)",
        bool => "a boolean",
        long => "a whole number",
        double => "a number",
        string => "a string",
        TemplateSequence { Kind: SequenceKind.Stream } => "a stream of items (put |list behind it)",
        TemplateSequence { Kind: SequenceKind.Tuple } => "a tuple",
        TemplateSequence => "a list",
        TemplateMap => "a dictionary",
        TemplateNamespace => "a namespace",
        TemplateFunction => "a function",
        LoopInfo => "the loop variable",
        _ => value.GetType().Name,
    };
}
