using System.CommandLine;
using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Cli.Shell;

/// <summary>Flags that several verbs share, each declared once.</summary>
internal static class CommonOptions
{
    public static Option<bool> Quiet() => new("--quiet", "-q") { Description = "No tables and no progress; data and errors remain.", Recursive = true };

    public static Option<bool> NoColor() => new("--no-color") { Description = "Plain text (also: the variable NO_COLOR).", Recursive = true };

    public static Option<bool> Help() => new("--help", "-h", "-?") { Description = "Show this page.", Recursive = true };

    public static Option<string[]> Set() =>
        new("--set") { HelpName = "PATH=VALUE", Description = "Override a key of the scenario, such as fleet.0.replicas=8; may be repeated." };

    public static Option<string> Seed() => new("--seed") { HelpName = "N", Description = "Seed of all randomness; default: the scenario's." };

    public static Option<string> Out() => new("--out", "-o") { HelpName = "DIR", Description = "Folder for results: result.json, report.html, tables." };

    public static Option<string> Json() =>
        new("--json") { HelpName = "FILE|-", Description = "Machine-readable result; '-' is standard output, with nothing else on it." };

    public static Option<bool> NoFastForward() =>
        new("--no-fast-forward") { Description = "Simulate every step singly; results are the same, only slower." };

    /// <exception cref="InputException">Not a whole number from 0 on.</exception>
    public static ulong? SeedOf(ParseResult parsed, Option<string> option)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
            ? seed
            : throw new InputException($"--seed: '{text}' is not a whole number from 0 to {ulong.MaxValue}; write for example --seed 7");
    }
}
