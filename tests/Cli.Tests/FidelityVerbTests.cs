using System.Text.Json;

namespace Orrery.Cli.Tests;

/// <summary>The verb <c>fidelity</c> on a tiny folder: tables, files and mistakes.</summary>
public sealed class FidelityVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public FidelityVerbTests()
    {
        Directory.CreateDirectory(_folder.At("data/phases"));
        File.WriteAllText(
            _folder.At("data/phases/perf_model.csv"),
            "model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel\n"
            + "llama2-70b,h100-80gb,512,1,128,0,0,85,37,4784,2\nllama2-70b,no-such-chip,512,1,128,0,0,85,37,4784,2\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prints_figures_and_writes_document_and_page()
    {
        CliResult result = Cli.Run("fidelity", "--data", _folder.At("data"), "--level", "f2", "--mode", "interpolate", "--out", _folder.At("out"));
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("F2 interpolate: whole model (entry 8 %, lead 5 %)", result.Output, StringComparison.Ordinal);
        Assert.Contains("warning:", result.Error, StringComparison.Ordinal);
        Assert.Contains("no-such-chip", result.Error, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_folder.At("out/fidelity.json")));
        Assert.Equal("orrery.fidelity/1", document.RootElement.GetProperty("schema").GetString());
        Assert.Contains("h100-sxm llama-2-70b", File.ReadAllText(_folder.At("out/report.html")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--level", "F9", "there is no such level")]
    [InlineData("--mode", "guess", "interpolate or transfer")]
    [InlineData("--leave-out", "nothing", "model or device")]
    [InlineData("--data", "/no/such/folder", "does not exist")]
    public void A_mistake_is_one_sentence(string option, string value, string says)
    {
        CliResult result = Cli.Run("fidelity", option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void A_live_run_of_the_shipped_model_is_calibrated_simulated_and_compared_in_one_command()
    {
        CliResult result = Cli.Run("fidelity", "--level", "F5", "--quick", "--threads", "1", "--requests", "10", "--schedulers", "vllm-v1", "--rate", "50/s", "--out", _folder.At("live"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("F5 interpolate: live runs (entry 15 %, lead 5 %)", result.Output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_folder.At("live/fidelity.json")));
        string[] parts = [.. document.RootElement.GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("group").GetString() == "all").Select(row => row.GetProperty("part").GetString()!).Distinct()];
        Assert.All(new[] { "ttft", "tpot", "latency", "every step" }, part => Assert.Contains(part, parts));
    }

    [Theory]
    [InlineData("it is about a live run; write --level F5 too", "--quick")]
    [InlineData("ask for the other levels apart", "--level", "F5,F1")]
    [InlineData("nope", "--level", "F5", "--schedulers", "nope")]
    [InlineData("--rate: 'x' is no rate", "--level", "F5", "--rate", "x")]
    [InlineData("--requests: '3' is not a whole number from 10", "--level", "F5", "--requests", "3")]
    public void A_mistake_about_a_live_run_is_one_sentence(string says, params string[] flags)
    {
        CliResult result = Cli.Run(["fidelity", .. flags]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
    }
}
