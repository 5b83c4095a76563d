namespace Orrery.Documents;

/// <summary>One option of a plug-in, in texts for tables and documentation.</summary>
/// <param name="Key">As scenarios write it.</param>
/// <param name="TypeName"><c>integer</c>, <c>number</c>, <c>true/false</c>, <c>text</c>, <c>choice</c>, or a quantity: <c>time</c>,
/// <c>size</c>, …</param>
/// <param name="Unit">A right example of a quantity's unit (<c>ms</c>); empty for everything else.</param>
/// <param name="Default">Text of the default, as scenarios write it; <c>null</c> for "not set".</param>
/// <param name="Range"><c>1 to 8</c>, <c>at least 1</c>, or empty.</param>
/// <param name="Doc">One sentence on what the option does.</param>
/// <param name="Source">Where the default comes from: paper, engine version, or our assumption, with its mark.</param>
/// <param name="Choices">The names of a choice; empty for everything else.</param>
public sealed record OptionInfo(
    string Key, string TypeName, string Unit, string Default, string Range, string Doc, string Source, IReadOnlyList<string> Choices);
