using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Cli.Tables;
using Orrery.Documents;

namespace Orrery.Cli.Catalogues;

/// <summary>One property of a catalogue entry, for the detail page and for JSON alike.</summary>
/// <param name="Key">JSON key; a quantity's unit ends it (<c>memoryBytes</c>).</param>
/// <param name="Label">Words of the detail page.</param>
/// <param name="Text">Value with its unit.</param>
/// <param name="Value">The value as JSON.</param>
internal sealed record Fact(string Key, string Label, string Text, JsonNode? Value)
{
    public static Fact Of(string key, string label, string text) => new(key, label, text, JsonValue.Create(text));

    public static Fact Of(string key, string label, long number) =>
        new(key, label, number.ToString("N0", CultureInfo.InvariantCulture), JsonValue.Create(number));

    public static Fact Of(string key, string label, bool yes) => new(key, label, yes ? "yes" : "no", JsonValue.Create(yes));

    public static Fact Of(string key, string label, IReadOnlyList<string> texts) =>
        new(key, label, string.Join(", ", texts), new JsonArray([.. texts.Select(text => (JsonNode?)JsonValue.Create(text))]));

    /// <param name="value">In the plain unit of <paramref name="kind"/>.</param>
    public static Fact Of(string key, string label, double value, Quantity kind) =>
        new(key, label, TextOf(value, kind), JsonValue.Create(value));

    /// <summary>Exact where that is short; sizes that are no round number of bytes are shown with four digits.</summary>
    private static string TextOf(double value, Quantity kind)
    {
        const int longest = 10;
        const double gibi = 1L << 30;
        string text = Quantities.Format(value, kind);
        return text.Length > longest && kind == Quantity.Bytes && value >= gibi ? TextTable.Figure(value / gibi, 4) + "GiB" : text;
    }
}
