using System.Text.Json;
using Orrery.Engine.Shipped;

namespace Orrery.Cli.Tests;

public sealed class ModelLogitsTests
{
    private const string Ids = "1,299,968,261,810,267,968,294";

    /// <summary>Greedy tokens of llama.cpp (commit c392e50, February 2025) after these ids.</summary>
    private static readonly int[] Greedy = [271, 261, 345, 977];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_are_greedy_with_the_most_probable_tokens_of_each(bool usesReference)
    {
        string[] plain = usesReference ? ["--reference"] : [];
        CliResult result = Cli.Run(["model", "logits", ShippedModel.Name, "--ids", Ids, "--steps", "4", "--top", "3", "--json", "-", .. plain]);
        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement[] steps = [.. document.RootElement.GetProperty("steps").EnumerateArray()];
        Assert.Equal(Greedy, steps.Select(step => step.GetProperty("id").GetInt32()));
        foreach (JsonElement step in steps)
        {
            Assert.Equal(3, step.GetProperty("top").GetArrayLength());
            Assert.Equal(step.GetProperty("id").GetInt32(), step.GetProperty("top")[0][0].GetInt32());
        }
        Assert.Equal(-0.3767, steps[0].GetProperty("top")[0][1].GetDouble(), 0.02);
    }

    [Fact]
    public void The_text_form_is_a_table()
    {
        CliResult result = Cli.Run("model", "logits", ShippedModel.Name, "--ids", Ids, "--steps", "2", "--top", "2");
        Assert.Equal(0, result.ExitCode);
        string[] lines = result.Output.Split('\n');
        Assert.StartsWith("step  token  log-probability  next best", lines[0], StringComparison.Ordinal);
        Assert.Contains("271", lines[2], StringComparison.Ordinal);
        Assert.Contains("261", lines[3], StringComparison.Ordinal);
    }
}
