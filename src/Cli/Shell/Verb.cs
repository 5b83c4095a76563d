using System.CommandLine;

namespace Orrery.Cli.Shell;

/// <summary>One word of the command line: thin, it reads flags, calls the laboratory and prints.</summary>
/// <param name="name">The word.</param>
/// <param name="summary">One sentence for the list of verbs.</param>
/// <param name="examples">Command lines that work, without the program's name.</param>
internal abstract class Verb(string name, string summary, params string[] examples) : Command(name, summary)
{
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>More to say on the help page, a paragraph each.</summary>
    public virtual IReadOnlyList<string> Notes => [];

    /// <returns>An <see cref="ExitCode"/>.</returns>
    /// <exception cref="Kernel.InputException">A mistake of the user.</exception>
    public abstract int Run(ParseResult parsed, Terminal terminal);
}

/// <summary>A word that needs another word after it.</summary>
internal sealed class VerbGroup(string name, string summary, params string[] examples) : Verb(name, summary, examples)
{
    /// <summary>A group alone shows what it offers; naming no verb is a mistake all the same.</summary>
    public override int Run(ParseResult parsed, Terminal terminal)
    {
        HelpPage.Write(parsed.CommandResult, terminal.Error);
        return ExitCode.BadInput;
    }
}
