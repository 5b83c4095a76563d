namespace Orrery.Cli.Tests;

/// <summary>Every mistake of a user is one sentence on standard error and exit code 2; nothing else is printed and nothing is written.</summary>
public sealed class BadInputTests
{
    private static readonly BadInput[] All = [.. BadScenarios.All, .. BadFlags.All, .. BadTraces.All, .. BadModels.All, .. BadGenerations.All];

    public static TheoryData<string> Names() => [.. All.Select(bad => bad.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_told_in_one_sentence(string name)
    {
        BadInput bad = All.Single(candidate => candidate.Name == name);
        using var folder = new TempFolder();
        File.WriteAllText(folder.At(bad.File), bad.Text);
        CliResult result = Cli.Run([.. bad.Args.Select(arg => arg.Replace("{dir}", folder.Path, StringComparison.Ordinal))]);
        string error = result.Error.Replace(folder.Path, "{dir}", StringComparison.Ordinal).TrimEnd('\n');
        if (bad.Expected[^1] is ':' or '(') Assert.StartsWith(bad.Expected, error, StringComparison.Ordinal);
        else Assert.Equal(bad.Expected, error);
        Assert.DoesNotContain('\n', error);
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Equal([bad.File], Directory.EnumerateFileSystemEntries(folder.Path).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void The_small_scenario_itself_is_right()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.At("s.yaml"), BadInput.Scenario);
        CliResult result = Cli.Run("simulate", folder.At("s.yaml"));
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
    }
}
