using System.CommandLine;
using System.CommandLine.Parsing;
using Orrery.Cli.Tables;

namespace Orrery.Cli.Shell;

/// <summary>Help of every level: what it does, how it is called, its words and flags, and an example that works.</summary>
internal static class HelpPage
{
    private const int Indent = 2;

    public static void Write(CommandResult result, TextWriter output)
    {
        Command command = result.Command;
        string path = UsageErrors.PathOf(result);
        output.WriteLine(command.Description);
        output.WriteLine();
        output.WriteLine($"Usage: {path}{Usage(command)}");
        Section(output, "Arguments", command.Arguments.Select(a => (UsageErrors.Placeholder(a), a.Description ?? "")));
        Section(output, "Verbs", command.Subcommands.Select(c => (c.Name, c.Description ?? "")));
        Section(output, "Flags", UsageErrors.OptionsOf(result).Where(o => !o.Hidden).Select(o => (Flag(o), o.Description ?? "")));
        if (command is not Verb verb) return;
        foreach (string note in verb.Notes)
        {
            output.WriteLine();
            foreach (string line in TextTable.Wrap(note, Terminal.Columns)) output.WriteLine(line);
        }
        output.WriteLine();
        output.WriteLine(verb.Examples.Count == 1 ? "Example:" : "Examples:");
        foreach (string example in verb.Examples) output.WriteLine($"  orrery {example}");
    }

    private static string Usage(Command command)
    {
        string arguments = string.Concat(command.Arguments.Select(
            a => a.Arity.MinimumNumberOfValues == 0 ? $" [{UsageErrors.Placeholder(a)}]" : $" {UsageErrors.Placeholder(a)}"));
        return command.Subcommands.Count > 0 ? " VERB [flags]" : arguments + " [flags]";
    }

    private static string Flag(Option option)
    {
        string shortForm = option.Aliases.FirstOrDefault(alias => alias.Length == 2) is { } alias ? alias + ", " : "";
        return shortForm + option.Name + (option.HelpName is { } value ? " " + value : "");
    }

    private static void Section(TextWriter output, string title, IEnumerable<(string Name, string Text)> rows)
    {
        (string Name, string Text)[] all = [.. rows];
        if (all.Length == 0) return;
        int width = all.Max(row => row.Name.Length) + 2;
        output.WriteLine();
        output.WriteLine(title + ":");
        foreach ((string name, string text) in all)
        {
            string head = name;
            foreach (string line in TextTable.Wrap(text, Terminal.Columns - Indent - width))
            {
                output.WriteLine(new string(' ', Indent) + head.PadRight(width) + line);
                head = "";
            }
        }
    }
}
