using System.Text.RegularExpressions;
using Orrery.Cli;
using Orrery.Cli.Shell;

namespace Orrery.House.Tests;

/// <summary>Samples of the README are what the program really prints. <c>UPDATE_GOLDEN=1</c> writes them anew.</summary>
public sealed partial class ReadmeTests
{
    private const string Readme = "README.md";
    private const string Scenario = "scenarios/chat-on-h100.yaml";

    private static readonly Dictionary<string, Func<string>> Samples = new()
    {
        ["scenario"] = () => Repository.Read(Scenario),
        ["simulate"] = () => Shown("simulate", Scenario),
        ["compare"] = () => Shown("compare", Scenario, "--vary", "fleet.0.scheduler=hf-static,orca,vllm-v0,vllm-v1"),
    };

    public static TheoryData<string> Names() => [.. Samples.Keys];

    [Fact]
    public void Every_marked_block_has_a_test()
    {
        string[] marked = [.. Block().Matches(Repository.Read(Readme)).Select(match => match.Groups["name"].Value)];
        Assert.Equal(Samples.Keys.Order(StringComparer.Ordinal), marked.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sample_is_what_the_program_prints(string name)
    {
        string readme = Repository.Read(Readme);
        Match block = Block().Matches(readme).Single(match => match.Groups["name"].Value == name);
        string expected = Samples[name]();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Group body = block.Groups["body"];
            File.WriteAllText(Repository.At(Readme), readme[..body.Index] + expected + readme[(body.Index + body.Length)..]);
            return;
        }
        Assert.Equal(expected, block.Groups["body"].Value);
    }

    /// <summary>A command and its output, without what differs from machine to machine.</summary>
    private static string Shown(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using (var terminal = new Terminal(output, error))
        {
            string[] absolute = [.. args.Select(arg => arg == Scenario ? Repository.At(Scenario) : arg)];
            // A comparison in which an old engine misses the scenario's goals is a good sample.
            Assert.InRange(EntryPoint.Run(absolute, terminal), ExitCode.Done, ExitCode.GoalMissed);
        }
        Assert.Equal("", error.ToString());
        string[] words = [.. args.Select(arg => arg.Contains(' ', StringComparison.Ordinal) ? $"'{arg}'" : arg)];
        return $"$ ./orrery {string.Join(' ', words)}\n{WallTime().Replace(output.ToString(), "in a moment")}";
    }

    [GeneratedRegex(@"<!-- test: (?<name>[\w-]+) -->\n```\w*\n(?<body>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"in \d+\.\d+ s")]
    private static partial Regex WallTime();
}
