namespace Orrery.Documents;

/// <summary>
/// What an unquoted scalar means (a strict part of YAML 1.2's core schema): null, true, false, a decimal number, else text.
/// </summary>
/// <remarks><c>yes</c>, <c>no</c>, <c>on</c> and <c>off</c> are text, as YAML 1.2 says.</remarks>
internal static class PlainScalars
{
    public static bool IsNull(string text) => text is "" or "~" or "null" or "Null" or "NULL";

    public static bool IsBool(string text) => text is "true" or "false";

    /// <summary>Quotes around this text would change its meaning.</summary>
    public static bool HasMeaning(string text) => IsNull(text) || IsBool(text) || Numbers.LooksNumeric(text);
}
