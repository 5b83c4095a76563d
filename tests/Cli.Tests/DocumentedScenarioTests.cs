using System.Text.RegularExpressions;
using Orrery.Cli.Shell;

namespace Orrery.Cli.Tests;

/// <summary>The scenarios in the guide to fleets run as they stand there.</summary>
public sealed partial class DocumentedScenarioTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string> Names { get; } = [.. Blocks().Select(block => block.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_scenario_of_the_guide_runs(string name)
    {
        string file = _folder.At("s.yaml");
        File.WriteAllText(file, Blocks().Single(block => block.Name == name).Text);
        CliResult result = Cli.Run("simulate", file, "--no-intervals");
        Assert.Equal("", result.Error);
        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.StartsWith($"{name}: ", result.Output, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Name, string Text)> Blocks()
    {
        string guide = File.ReadAllText(Path.Combine(GalleryTests.Root, "docs", "fleets.md")).ReplaceLineEndings("\n");
        return Yaml().Matches(guide).Select(match => (match.Groups[2].Value, match.Groups[1].Value));
    }

    [GeneratedRegex(@"```yaml\n(name: (\S+)\n.*?)```", RegexOptions.Singleline)]
    private static partial Regex Yaml();
}
