using Orrery.Kernel;

namespace Orrery.Documents.Tests;

/// <summary>Short ways to run something on a text and to look at the designed error.</summary>
internal static class Errors
{
    public const string File = "s.yaml";

    public static Node Parse(string text) => Document.Parse(text, File);

    public static string Of(Action action) => Assert.Throws<InputException>(action).Message;

    public static string OfParse(string text) => Of(() => Parse(text));
}
