using System.CommandLine;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;

namespace Orrery.Cli.Tests;

/// <summary>What every level of the command line offers, and that it fits the page.</summary>
public sealed class SurfaceTests
{
    private static readonly string[] CatalogKinds = ["devices", "models", "systems", "experiments", "schedulers", "routers", "rebalancers", "autoscalers", "lending", "fleet-parts", "predictors", "memory", "executions", "calls", "finetunings", "power", "drafts", "traffic", "profiles", "step-times", "engines", "grids"];

    public static TheoryData<string> Levels()
    {
        var levels = new TheoryData<string>();
        Walk(new ProgramRoot(), "", levels);
        return levels;

        static void Walk(Command command, string path, TheoryData<string> levels)
        {
            levels.Add(path);
            foreach (Command verb in command.Subcommands) Walk(verb, $"{path} {verb.Name}".Trim(), levels);
        }
    }

    public static TheoryData<string> Kinds() => [.. CatalogKinds];

    [Theory]
    [MemberData(nameof(Levels))]
    public void Help_has_usage_and_an_example_and_fits_the_page(string path)
    {
        CliResult result = Cli.Run([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Usage: orrery", result.Output, StringComparison.Ordinal);
        Assert.Contains($"  orrery {path}", result.Output, StringComparison.Ordinal);
        AssertFits(result.Output, exceptExamples: true);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_catalogue_table_fits_the_page_and_its_JSON_names_the_same_entries(string kind)
    {
        CliResult table = Cli.Run("catalog", kind);
        Assert.Equal(0, table.ExitCode);
        AssertFits(table.Output, exceptExamples: false);
        using JsonDocument document = JsonDocument.Parse(Cli.Run("catalog", kind, "--json", "-").Output);
        Assert.NotEqual(0, document.RootElement.GetArrayLength());
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            Assert.Contains(name, table.Output, StringComparison.Ordinal);
            CliResult page = Cli.Run("catalog", kind, name);
            Assert.Equal(0, page.ExitCode);
            AssertFits(page.Output, exceptExamples: false);
        }
    }

    [Theory]
    [InlineData("memory", "paged", "blockTokens", "hostSwap", "hostSwap.size", "hostSwap.hideFactor", "hostSwap.reuse")]
    [InlineData("memory", "block-groups", "hostSwap.out", "hostSwap.launch")]
    [InlineData("drafts", "smartspec", "most", "draft.model", "draft.acceptance.rate", "draft.acceptance.spread")]
    [InlineData("drafts", "ngram", "draft.acceptance.match", "draft.searchTime")]
    public void A_page_names_the_keys_beside_a_part(string kind, string name, params string[] keys)
    {
        string[] words = Cli.Run("catalog", kind, name).Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.All(keys, key => Assert.Contains(key, words));
    }

    [Fact]
    public void No_argument_shows_the_help() => Assert.Contains("Verbs:", Cli.Run().Output, StringComparison.Ordinal);

    [Fact]
    public void A_group_alone_is_a_mistake_that_shows_what_there_is()
    {
        CliResult result = Cli.Run("catalog");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("devices", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_wraps_words_and_aligns_numbers()
    {
        using var output = new StringWriter { NewLine = "\n" };
        new TextTable(new("name", IsNumber: false), new("size\nGB"), new("words", IsNumber: false, Wraps: true))
            .Add("a", "1.5", string.Join(' ', Enumerable.Repeat("word", 30))).Add("bb", "10", "short").Write(output);
        string[] lines = output.ToString().Split('\n');
        Assert.Equal("name  size  words", lines[0]);
        Assert.Equal("        GB", lines[1]);
        Assert.StartsWith("a      1.5  word word", lines[3], StringComparison.Ordinal);
        Assert.Equal("bb      10  short", lines[^2]);
        Assert.All(lines, line => Assert.True(line.Length <= Terminal.Columns));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.012345, "0.0123")]
    [InlineData(1.5, "1.5")]
    [InlineData(12345.6, "12,346")]
    [InlineData(double.NaN, "-")]
    public void A_figure_has_three_digits_and_no_exponent(double value, string expected) => Assert.Equal(expected, TextTable.Figure(value));

    private static void AssertFits(string text, bool exceptExamples)
    {
        foreach (string line in text.Split('\n'))
            if (!exceptExamples || !line.StartsWith("  orrery ", StringComparison.Ordinal))
                Assert.True(line.Length <= Terminal.Columns, $"{line.Length} columns: {line}");
    }
}
