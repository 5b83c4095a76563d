using System.CommandLine;
using System.CommandLine.Parsing;
using Orrery.Kernel;

namespace Orrery.Cli.Shell;

/// <summary>Turns what the parser could not place into our one sentence with the nearest valid name.</summary>
internal static class UsageErrors
{
    /// <summary>The first mistake of a command line, or null.</summary>
    public static string? Find(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = PathOf(parsed.CommandResult);
        string seeHelp = $"see '{path} --help'";
        // Only real options count: "-" alone is standard output, and a text such as -5 may be a value.
        string[] flags = [.. OptionsOf(parsed.CommandResult).Select(option => option.Name)];
        foreach (string token in parsed.UnmatchedTokens)
        {
            if (LooksLikeFlag(token)) return UnknownFlag(path, token, flags);
            if (command.Subcommands.Count > 0)
                return $"{path} has no verb '{token}'{Names.Suggest(token, [.. command.Subcommands.Select(verb => verb.Name)])}";
            return command.Arguments.Count == 0
                ? $"{path} takes no argument, so '{token}' has no meaning here; {seeHelp}"
                : $"{path} takes {string.Join(" ", command.Arguments.Select(Placeholder))}, so '{token}' is one argument too many; {seeHelp}";
        }
        foreach (SymbolResult child in parsed.CommandResult.Children)
        {
            // The parser takes any word where an argument may stand; a mistyped flag must not become a name.
            if (child is ArgumentResult && child.Tokens.FirstOrDefault(token => LooksLikeFlag(token.Value)) is { } mistyped)
                return UnknownFlag(path, mistyped.Value, flags);
            if (child is not OptionResult { Implicit: false } result) continue;
            int values = result.Tokens.Count;
            if (values < result.Option.Arity.MinimumNumberOfValues || result.Tokens.Any(token => token.Value.StartsWith("--", StringComparison.Ordinal)))
                return $"{result.Option.Name} needs a value: {result.Option.Name} {result.Option.HelpName}; {seeHelp}";
            if (values > result.Option.Arity.MaximumNumberOfValues)
                return $"{result.Option.Name} is given {values} times; keep one of {string.Join(", ", result.Tokens.Select(t => t.Value))}";
        }
        foreach (Argument argument in command.Arguments)
            if (argument.Arity.MinimumNumberOfValues > (parsed.GetResult(argument)?.Tokens.Count ?? 0))
                return $"{path} needs {Placeholder(argument)}: {argument.Description?.TrimEnd('.')}; {seeHelp}";
        foreach (Option option in command.Options)
            if (option.Required && (parsed.GetResult(option)?.Tokens.Count ?? 0) == 0)
                return $"{path} needs {option.Name} {option.HelpName}: {option.Description?.TrimEnd('.')}; {seeHelp}";
        // A group without a verb answers with its help.
        return parsed.Errors.Count == 0 || command.Subcommands.Count > 0 ? null : $"{path}: {parsed.Errors[0].Message.TrimEnd('.')}; {seeHelp}";
    }

    /// <summary>As the user would type it: <c>orrery catalog devices</c>.</summary>
    public static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;

    /// <summary>The options of a command and the recursive ones above it.</summary>
    public static IEnumerable<Option> OptionsOf(CommandResult result)
    {
        foreach (Option option in result.Command.Options) yield return option;
        for (SymbolResult? above = result.Parent; above is CommandResult parent; above = parent.Parent)
            foreach (Option option in parent.Command.Options)
                if (option.Recursive) yield return option;
    }

    public static string Placeholder(Argument argument) => argument.HelpName ?? argument.Name.ToUpperInvariant();

    private static bool LooksLikeFlag(string token) => token.Length > 1 && token[0] == '-';

    private static string UnknownFlag(string path, string token, string[] flags)
    {
        string name = token.Split('=', 2)[0];
        string advice = Names.Nearest(name, flags) is { } nearest ? $"did you mean '{nearest}'?" : $"see '{path} --help'";
        return $"{path} has no flag '{name}'; {advice}";
    }
}
