using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Tests.Runs;

public sealed class SimulationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EqualRunsGiveEqualResultsAndFiles()
    {
        Assert.Equal(RunInto("a"), RunInto("b"));
        Assert.Equal(FilesOf("a"), FilesOf("b"));
    }

    [Fact]
    public void FastForwardChangesNothing()
    {
        Assert.Equal(RunInto("fast"), RunInto("slow", fastForward: false));
        Assert.Equal(FilesOf("fast"), FilesOf("slow"));
    }

    public static TheoryData<string> SchedulerNames { get; } = [.. Serving.Systems.Schedulers.Registry.Names];

    [Theory]
    [MemberData(nameof(SchedulerNames))]
    public void EverySchedulerLosesNothingAndFastForwards(string scheduler)
    {
        string text = TinyScenarios.Everything
            .Replace("replicas: 2,", $"replicas: 2, scheduler: {scheduler},", StringComparison.Ordinal)
            .Replace("requests: 1500", "requests: 300", StringComparison.Ordinal);
        RunResult fast = Simulation.Run(TinyScenarios.Read(text));
        RunResult slow = Simulation.Run(TinyScenarios.Read(text), new() { FastForward = false });
        Assert.Equal(TinyScenarios.Comparable(slow), TinyScenarios.Comparable(fast));
        RequestCounts requests = fast.Requests;
        Assert.Equal(300, requests.Finished + requests.Rejected + requests.Cancelled + requests.TimedOut);
        Assert.True(requests.Finished > 0);
    }

    [Fact]
    public void AWindowCountsTheGapsThatEndInIt()
    {
        Scenario scenario = TinyScenarios.Read(TinyScenarios.Everything.Replace("tpot: 50ms", "tpot: 50ms, promptTokensPerSecond: 100, tokensPerSecond: 15", StringComparison.Ordinal));
        RunWindow early = new(Instant.Zero, Instant.Zero + Duration.FromSeconds(20));
        RunWindow late = early with { From = early.To, To = Instant.Zero + Duration.FromHours(1) };
        RunRecord first = Simulation.RunRecorded(scenario, new() { Window = early });
        RunRecord second = Simulation.RunRecorded(scenario, new() { Window = late });
        RunRecord all = Simulation.RunRecorded(scenario, new() { Window = early with { To = late.To } });
        Assert.Equal(first.Result.Metrics.GapSeconds, all.Window!.Metrics.GapSeconds);
        Assert.Equal(first.Result.Metrics.GapSeconds!.Count, first.Window!.Metrics.GapSeconds!.Count + second.Window!.Metrics.GapSeconds!.Count);
        Assert.True(first.Window.Metrics.GapSeconds.Count > 0 && second.Window.Metrics.GapSeconds.Count > 0);
        Assert.Equal(first.Result.Metrics.SloAttainment, all.Window.Metrics.SloAttainment);
        Assert.InRange(first.Result.Metrics.SloAttainment, 0.01, 0.99);
        RunRecord single = Simulation.RunRecorded(scenario, new() { Window = early, FastForward = false });
        Assert.Equal(TinyScenarios.Comparable(single.Result), TinyScenarios.Comparable(first.Result));
        Assert.Equal(TinyScenarios.Comparable(single.Window!), TinyScenarios.Comparable(first.Window));
    }

    [Fact]
    public void AnotherSeedGivesAnotherRun()
    {
        RunResult one = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything, seed: 1));
        RunResult two = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything, seed: 2));
        Assert.NotEqual(one.Tokens, two.Tokens);
        Assert.Equal(2UL, two.Seed);
    }

    [Fact]
    public void EveryRequestLeavesExactlyOnce()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything));
        RequestCounts requests = run.Requests;
        Assert.Equal(1500, requests.Arrived);
        Assert.Equal(requests.Arrived, requests.Finished + requests.Rejected + requests.Cancelled + requests.TimedOut);
        // The scenario is made to show all of them; a count of zero would test nothing.
        Assert.True(requests is { Finished: > 0, Rejected: > 0, Cancelled: > 0, TimedOut: > 0, Preemptions: > 0 }, requests.ToString());
        Assert.Equal(requests.Rejected, run.RejectionReasons.Values.Sum());
        Assert.Equal(requests.Finished, run.Metrics.E2eSeconds!.Count);
        Assert.False(run.IsPartial);
    }

    [Fact]
    public void ExpectationsAreJudged()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything));
        Assert.Equal([true, false], run.Expectations.Select(outcome => outcome.IsMet));
        Assert.Equal("p99(gap) <= 10s", run.Expectations[0].Text);
        Assert.Equal(run.Metrics.GapSeconds!.P99, run.Expectations[0].Measured);
    }

    [Fact]
    public void LittlesLawHolds()
    {
        Scenario scenario = TinyScenarios.Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb}]
            traffic: {generator: poisson, rate: 3/s, requests: 3000, prompt: 400, output: {uniform: {min: 20, max: 200}}}
            """);
        RunRecord record = Simulation.RunRecorded(scenario);
        TimelineRow last = record.Series.Timeline[^1];
        double area = 0;
        double before = 0;
        foreach (TimelineRow row in record.Series.Timeline)
        {
            area += (row.Waiting + row.Running) * (row.Seconds - before);
            before = row.Seconds;
        }
        double meanLive = area / last.Seconds;
        double byLaw = record.Result.Requests.Arrived / last.Seconds * record.Result.Metrics.E2eSeconds!.Mean;
        // The mean of samples, about a thousand of them, against an exact figure.
        Assert.InRange(meanLive / byLaw, 0.93, 1.07);
        Assert.True(byLaw > 1, "the law must have something to say");
    }

    [Fact]
    public void TheTimelineIsBoundedAndEndsWithTheRun()
    {
        RunRecord record = Simulation.RunRecorded(TinyScenarios.Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb}]
            traffic: {generator: constant, rate: 0.5/s, requests: 2000, prompt: 10, output: 2}
            """));
        IReadOnlyList<TimelineRow> rows = record.Series.Timeline;
        Assert.InRange(rows.Count, RunSeries.MostRows / 4, RunSeries.MostRows);
        double step = rows[1].Seconds - rows[0].Seconds;
        for (int i = 1; i < rows.Count - 1; i++) Assert.Equal(step, rows[i].Seconds - rows[i - 1].Seconds, 6);
        Assert.Equal(record.Result.Simulation.VirtualSeconds, rows[^1].Seconds);
        Assert.Equal((2000, 2000), (rows[^1].Arrived, rows[^1].Finished));
        Assert.Equal(4000, rows[^1].OutputTokens);
    }

    [Fact]
    public void ACancelledRunKeepsWhatItReached()
    {
        using CancellationTokenSource cancel = new();
        Scenario endless = TinyScenarios.Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb}]
            traffic: {generator: poisson, rate: 3/s, requests: 1000000000, prompt: 400, output: 100}
            """);
        string folder = Path.Combine(_folder, "cut");
        RunResult run = Simulation.Run(endless, new() { Cancel = cancel.Token, OutputFolder = folder, Progress = seen => { if (seen.Finished > 0) cancel.Cancel(); } });
        Assert.True(run.IsPartial);
        Assert.InRange(run.Requests.Finished, 1, run.Requests.Arrived);
        Assert.True(run.Metrics.RequestsPerSecond > 0);
        Assert.Equal(run.Requests.Finished + 1, File.ReadLines(Path.Combine(folder, "requests.csv")).Count());
        Assert.Empty(Directory.EnumerateFiles(folder, "*.unfinished"));
    }

    [Theory]
    [InlineData("{device: a100-sxm-40gb, scheduler: vllm-v0, memory: {prefixCache: false, hostSwap: {size: 4GB, out: background, reuse: true}}}",
        "{generator: sessions, rate: 1/s, requests: 3, turns: 3, think: 1s, prompt: 200, output: 50}", 3)]
    [InlineData("{device: a100-sxm-40gb, scheduler: vllm-v0, memory: {prefixCache: false, hostSwap: {size: 20GB, out: background}}, calls: swap}",
        "{generator: poisson, rate: 1/s, requests: 1, prompt: 1500, output: 50, timeout: 1s, calls: {count: 1, tokens: 35, duration: 30s}}", 0)]
    public void CopiesMayEndAfterTheRun(string entry, string traffic, int finished)
    {
        Scenario scenario = TinyScenarios.Read($"{{model: opt-13b, positionScaling: 4, fleet: [{entry}], traffic: {traffic}}}");
        Assert.Equal(finished, Simulation.Run(scenario, new()).Requests.Finished);
    }

    [Fact]
    public void AFailedRunLeavesNoFiles()
    {
        string trace = Path.Combine(_folder, "trace.csv");
        File.WriteAllText(trace, "arrival_seconds,prompt_tokens,output_tokens,adapter\n0,10,5,\n1,10,5,3\n");
        Scenario scenario = TinyScenarios.Read($$"""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb}]
            traffic: {file: '{{trace}}'}
            """);
        string folder = Path.Combine(_folder, "failed");
        Kernel.InputException mistake = Assert.Throws<Kernel.InputException>(() => Simulation.Run(scenario, new() { OutputFolder = folder }));
        Assert.Equal($"{trace}: request 2 has an adapter: not simulated by this version; remove the column 'adapter'", mistake.Message);
        Assert.Empty(Directory.EnumerateFiles(folder));
    }

    [Fact]
    public void WhatToolsReturnCountsInTheReasonOfARejection()
    {
        Scenario scenario = TinyScenarios.Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb}]
            traffic: {generator: constant, rate: 1/s, requests: 3, prompt: 100, output: 200, calls: {count: 100, duration: 1s, tokens: 1, return: 100}}
            """);
        Assert.Equal(["prompt, output and what tools return are longer than the maximum model length"], Simulation.Run(scenario).RejectionReasons.Keys);
    }

    [Fact]
    public void RequestRowsTellWhatHappened()
    {
        RunInto("rows");
        string[] lines = File.ReadAllLines(Path.Combine(_folder, "rows", "requests.csv"));
        Assert.Equal(
            "id,arrival_seconds,first_token_seconds,finish_seconds,prompt_tokens,output_tokens,preemptions,qoe,queue_seconds,replica,cached_tokens,outcome,reason",
            lines[0]);
        Assert.Equal(1501, lines.Length);
        string[][] rows = [.. lines.Skip(1).Select(line => line.Split(','))];
        Assert.All(rows, row => Assert.Equal(13, row.Length));
        Assert.Equal(1500, rows.Select(row => row[0]).Distinct().Count());
        string[] rejected = rows.First(row => row[11] == "rejected");
        Assert.Equal("prompt and output are longer than the maximum model length", rejected[12]);
        Assert.Equal(("", rejected[1]), (rejected[2], rejected[3]));
        foreach (string[] row in rows.Where(row => row[11] == "finished"))
        {
            decimal arrival = Number(row[1]);
            Assert.True(arrival < Number(row[2]) && Number(row[2]) <= Number(row[3]) && arrival + Number(row[8]) < Number(row[2]), string.Join(',', row));
            Assert.InRange(Number(row[7]), 0, 1);
        }
    }

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private string RunInto(string name, bool fastForward = true) => TinyScenarios.Comparable(Simulation.Run(
        TinyScenarios.Read(TinyScenarios.Everything),
        new() { FastForward = fastForward, OutputFolder = Path.Combine(_folder, name), Timeline = true }));

    private string FilesOf(string name)
    {
        string folder = Path.Combine(_folder, name);
        using FileStream packed = File.OpenRead(Path.Combine(folder, "timeline.json.gz"));
        using StreamReader trace = new(new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionMode.Decompress));
        string events = trace.ReadToEnd();
        using var document = System.Text.Json.JsonDocument.Parse(events);
        Assert.True(document.RootElement.GetProperty("traceEvents").GetArrayLength() > 1500);
        return File.ReadAllText(Path.Combine(folder, "requests.csv")) + File.ReadAllText(Path.Combine(folder, "timeline.csv")) + events;
    }
}
