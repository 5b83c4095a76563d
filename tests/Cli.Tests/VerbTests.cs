using System.Text.Json;
using Orrery.Serving.Systems;

namespace Orrery.Cli.Tests;

/// <summary>The verbs on a small scenario: files, documents, exit codes.</summary>
public sealed class VerbTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _scenario;

    public VerbTests()
    {
        _scenario = _folder.At("s.yaml");
        File.WriteAllText(_scenario, BadInput.Scenario);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_on_standard_output_is_one_document_and_nothing_else()
    {
        CliResult result = Cli.Run("simulate", _scenario, "--json", "-");
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal("orrery.run/1", document.RootElement.GetProperty("schema").GetString());
        Assert.Equal(5, document.RootElement.GetProperty("requests").GetProperty("finished").GetInt32());
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void Quiet_drops_tables_and_keeps_the_document()
    {
        Assert.Equal("", Cli.Run("simulate", _scenario, "--quiet").Output);
        Assert.StartsWith("{", Cli.Run("--quiet", "simulate", _scenario, "--json", "-").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_and_drafts_have_a_line_where_there_are_any()
    {
        Assert.DoesNotContain("\ntraining", Cli.Run("simulate", _scenario).Output, StringComparison.Ordinal);
        string trained = Cli.Run("simulate", _scenario, "--set", "fleet.0.scheduler={use: sarathi-serve, tokenBudget: 512}", "--set", "fleet.0.finetune=co-serve").Output;
        Assert.Matches("\ntraining +[0-9,]+ tokens, [0-9,.]+ tokens/s", trained);
        string drafted = Cli.Run("simulate", _scenario, "--set", "fleet.0.draft={model: ngram}").Output;
        Assert.Matches("\ndrafts +[0-9,]+ tokens proposed, [0-9,]+ accepted", drafted);
    }

    [Theory]
    [InlineData("nanoflow", "its scheduler over any execution", ", execution")]
    [InlineData("lamps", "its scheduler with any handling", ", calls")]
    [InlineData("batchllm", "paged memory with shared prefixes", "any memory")]
    public void What_goes_with_a_system_is_named_once(string system, string said, string again)
    {
        string composes = PublishedSystems.All.Single(entry => entry.Name == system).ComposesWith;
        Assert.Contains(said, composes, StringComparison.Ordinal);
        Assert.DoesNotContain(again, composes, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_of_systems_promises_claims_only_where_there_are_any() =>
        Assert.Contains("where it has claims", Cli.Run("catalog", "systems").Output.ReplaceLineEndings(" "), StringComparison.Ordinal);

    [Fact]
    public void A_missed_goal_is_exit_code_one()
    {
        Assert.Equal(0, Cli.Run("simulate", _scenario, "--set", "expect=[p99(ttft) <= 1000s]").ExitCode);
        CliResult missed = Cli.Run("simulate", _scenario, "--set", "expect=[p99(ttft) <= 1ns]");
        Assert.Equal(1, missed.ExitCode);
        Assert.Contains("MISSED", missed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_gets_results_rows_timeline_lock_and_report()
    {
        string folder = _folder.At("out");
        Assert.Equal(0, Cli.Run("simulate", _scenario, "--out", folder, "--timeline").ExitCode);
        foreach (string file in new[] { "result.json", "requests.csv", "timeline.csv", "scenario.lock.yaml", "report.html", "timeline.json.gz" })
            Assert.True(File.Exists(Path.Combine(folder, file)), file);
        CliResult again = Cli.Run("simulate", Path.Combine(folder, "scenario.lock.yaml"), "--json", _folder.At("again.json"));
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("figures are equal", Cli.Run("diff", folder, _folder.At("again.json")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_go_to_the_file_that_was_named()
    {
        Assert.Equal(0, Cli.Run("simulate", _scenario, "--metrics", _folder.At("run.prom")).ExitCode);
        Assert.Contains("\nvllm:num_requests_running{model_name=\"", File.ReadAllText(_folder.At("run.prom")), StringComparison.Ordinal);
    }

    [Fact]
    public void Single_steps_give_the_same_result_as_fast_forward()
    {
        Cli.Run("simulate", _scenario, "--json", _folder.At("fast.json"));
        Cli.Run("simulate", _scenario, "--no-fast-forward", "--json", _folder.At("slow.json"));
        Assert.Equal(Outside(_folder.At("fast.json")), Outside(_folder.At("slow.json")));
    }

    [Fact]
    public void A_comparison_resumes_from_its_journal()
    {
        string folder = _folder.At("study");
        string[] args = ["compare", _scenario, "--vary", "fleet.0.replicas=1,2", "--seeds", "2", "--out", folder];
        CliResult first = Cli.Run(args);
        Assert.Equal(0, first.ExitCode);
        Assert.DoesNotContain("journal", first.Output, StringComparison.Ordinal);
        Assert.Contains("4 runs were taken from the journal", Cli.Run(args).Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "report.html")));
    }

    [Fact]
    public void An_interrupted_run_is_partial_and_says_so()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var terminal = new Shell.Terminal(output, error);
        terminal.Interrupt();
        Assert.Equal(130, EntryPoint.Run(["simulate", _scenario, "--json", "-"], terminal));
        using JsonDocument document = JsonDocument.Parse(output.ToString());
        Assert.True(document.RootElement.GetProperty("partial").GetBoolean());
    }

    [Fact]
    public void A_capacity_lies_within_its_interval()
    {
        CliResult result = Cli.Run("capacity", _scenario, "--set", "traffic.requests=200", "--slo", "ttft=200ms,tpot=20ms", "--seeds", "2", "--json", "-");
        using JsonDocument document = JsonDocument.Parse(result.Output);
        double rate = document.RootElement.GetProperty("requestsPerSecond").GetDouble();
        double[] interval = [.. document.RootElement.GetProperty("interval").EnumerateArray().Select(end => end.GetDouble())];
        Assert.InRange(rate, interval[0], interval[1]);
    }

    [Fact]
    public void Made_traffic_is_described_like_its_generator()
    {
        string[] keys = ["--set", "rate=2/s", "--set", "requests=300", "--set", "prompt=100", "--set", "output=10"];
        Assert.Equal(0, Cli.Run(["traffic", "make", "poisson", "--seed", "3", "--out", _folder.At("t.csv"), .. keys]).ExitCode);
        using JsonDocument made = JsonDocument.Parse(Cli.Run("traffic", "describe", _folder.At("t.csv"), "--json", "-").Output);
        using JsonDocument drawn = JsonDocument.Parse(Cli.Run(["traffic", "describe", "poisson", "--seed", "3", "--json", "-", .. keys]).Output);
        foreach (string key in new[] { "requests", "spanSeconds", "gapCv" })
            Assert.Equal(drawn.RootElement.GetProperty(key).GetDouble(), made.RootElement.GetProperty(key).GetDouble(), 9);
    }

    [Fact]
    public void The_tour_compares_engines_and_says_what_it_learnt()
    {
        CliResult result = Cli.Run("demo", "--set", "traffic.duration=1min", "--out", _folder.At("demo"));
        Assert.Equal(0, result.ExitCode);
        foreach (string engine in Verbs.DemoVerb.Engines.Split('=')[1].Split(',')) Assert.Contains(engine, result.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.At(Path.Combine("demo", "report.html"))));
    }

    private static string Outside(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
        return string.Join('\n', document.RootElement.EnumerateObject().Where(part => part.Name != "simulation").Select(part => part.ToString()));
    }
}
