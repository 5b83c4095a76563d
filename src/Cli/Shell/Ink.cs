namespace Orrery.Cli.Shell;

/// <summary>Colours that repeat what the words already say: without them nothing is lost.</summary>
internal static class Ink
{
    public static string Good(Terminal terminal, string text) => Paint(terminal, text, "32");

    public static string Bad(Terminal terminal, string text) => Paint(terminal, text, "31;1");

    private static string Paint(Terminal terminal, string text, string code) => terminal.HasColor ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
