using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary>What every verb that runs scenarios takes.</summary>
internal sealed class ScenarioArguments
{
    private readonly Argument<string> _scenario = new("scenario") { Description = "The scenario file (YAML)." };
    private readonly Option<string[]> _set = CommonOptions.Set();
    private readonly Option<string> _seed = CommonOptions.Seed();
    private readonly Option<string> _out = CommonOptions.Out();
    private readonly Option<string> _json = CommonOptions.Json();
    private readonly Option<bool> _noFastForward = CommonOptions.NoFastForward();

    public void AddTo(Command verb)
    {
        verb.Add(_scenario);
        verb.Add(_set);
        verb.Add(_seed);
        verb.Add(_out);
        verb.Add(_json);
        verb.Add(_noFastForward);
    }

    public string Scenario(ParseResult parsed) => parsed.GetRequiredValue(_scenario);

    public IReadOnlyList<string> Sets(ParseResult parsed) => parsed.GetValue(_set) ?? [];

    public ulong? Seed(ParseResult parsed) => CommonOptions.SeedOf(parsed, _seed);

    public string? Json(ParseResult parsed) => parsed.GetValue(_json);

    public bool FastForward(ParseResult parsed) => !parsed.GetValue(_noFastForward);

    /// <summary>The folder for results, or null.</summary>
    /// <exception cref="InputException">Its name is that of a file.</exception>
    public string? Folder(ParseResult parsed)
    {
        string? folder = parsed.GetValue(_out);
        if (folder is not null && File.Exists(folder)) throw new InputException($"--out {folder}: this is a file; name a folder");
        return folder;
    }

    /// <summary>A whole number of a flag.</summary>
    /// <exception cref="InputException">Not a number of the range.</exception>
    public static int Whole(ParseResult parsed, Option<string> option, int fallback, int min, int max)
    {
        if (parsed.GetValue(option) is not { } text) return fallback;
        return int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw new InputException($"{option.Name}: '{text}' is not a whole number from {min} to {max}");
    }
}
