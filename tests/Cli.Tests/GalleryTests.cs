using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Cli.Shell;

namespace Orrery.Cli.Tests;

/// <summary>Every scenario that comes with the program runs and meets its goals, and those of the gallery say what to look at.</summary>
public sealed partial class GalleryTests
{
    private const string Guide = "README.md";
    private const int LinesToLookAt = 3;

    internal static readonly string Root = Find();

    private static readonly string Folder = Path.Combine(Root, "scenarios");

    public static TheoryData<string> Files { get; } = [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Gallery { get; } = [.. Listed("Gallery")];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_scenario_runs_and_meets_its_goals(string file)
    {
        CliResult result = Cli.Run("simulate", Path.Combine(Folder, file), "--json", "-", "--quiet", "--no-intervals");
        Assert.Equal("", result.Error);
        Assert.Equal(ExitCode.Done, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement run = document.RootElement;
        Assert.All(run.GetProperty("expectations").EnumerateArray(), goal => Assert.True(goal.GetProperty("met").GetBoolean()));
        if (run.TryGetProperty("figures", out JsonElement figures))
        {
            Assert.Contains(figures.EnumerateObject(), figure => figure.Value.ValueKind == JsonValueKind.Number);
            return;
        }
        JsonElement requests = run.GetProperty("requests");
        long Count(string key) => requests.GetProperty(key).GetInt64();
        Assert.True(Count("finished") > 0);
        Assert.Equal(Count("arrived"), Count("finished") + Count("rejected") + Count("cancelled") + Count("timedOut") + Count("failed"));
    }

    [Theory]
    [MemberData(nameof(Gallery))]
    public void A_file_of_the_gallery_opens_with_a_title_and_three_lines(string file)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Folder, file));
        string[] comment = [.. lines.TakeWhile(line => line.StartsWith("# ", StringComparison.Ordinal))];
        Assert.Equal(1 + LinesToLookAt, comment.Length);
        Assert.All(comment, line => Assert.True(line.Length > "# ".Length + 20, $"{file}: '{line}' says too little"));
        Assert.Equal($"name: {Path.GetFileNameWithoutExtension(file)}", lines[comment.Length]);
        foreach (Match named in Named().Matches(string.Join('\n', comment))) Assert.True(File.Exists(Path.Combine(Folder, named.Groups[1].Value)), $"{file} names {named.Value}");
    }

    [Fact]
    public void The_guide_lists_every_scenario_once()
    {
        string[] listed = [.. Listed("Gallery"), .. Listed("Other files")];
        Assert.Equal(Files.Select(row => row.Data), listed.Order(StringComparer.Ordinal));
    }

    /// <summary>Scenarios that a section of the guide links to.</summary>
    private static IEnumerable<string> Listed(string section)
    {
        string text = File.ReadAllText(Path.Combine(Folder, Guide)).ReplaceLineEndings("\n");
        string part = text.Split("\n## ").Single(part => part.StartsWith(section + "\n", StringComparison.Ordinal));
        return Link().Matches(part).Select(match => match.Groups[1].Value);
    }

    private static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orrery.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }

    [GeneratedRegex(@"\]\(([\w-]+\.yaml)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"scenarios/([\w-]+\.yaml)")]
    private static partial Regex Named();
}
