using System.Text.Json;
using Orrery.Engine.Shipped;

namespace Orrery.Cli.Tests;

public sealed class ModelTokenizeTests
{
    // The first prompt of the reference's record for the shipped model.
    private const string Prompt = "In the beginning";
    private static readonly int[] PromptIds = [1, 299, 968, 261, 810, 267, 968, 294];

    [Fact]
    public void Ids_are_those_of_the_reference()
    {
        using var folder = new TempFolder();
        string model = Model(folder);
        CliResult result = Cli.Run("model", "tokenize", model, "--text", Prompt, "--json", "-");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(PromptIds, Ids(result));
        Assert.Equal(PromptIds[1..], Ids(Cli.Run("model", "tokenize", model, "--text", Prompt, "--no-bos", "--json", "-")));
    }

    [Fact]
    public void Control_tokens_are_read_on_request_only()
    {
        using var folder = new TempFolder();
        string model = Model(folder);
        Assert.Equal([1, 2], Ids(Cli.Run("model", "tokenize", model, "--text", "</s>", "--special", "--json", "-")));
        Assert.DoesNotContain(2, Ids(Cli.Run("model", "tokenize", model, "--text", "</s>", "--json", "-")));
    }

    [Fact]
    public void The_text_form_shows_ids_and_pieces()
    {
        using var folder = new TempFolder();
        CliResult result = Cli.Run("model", "tokenize", Model(folder), "--text", "the\n\u00E9");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("      1  <s>\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("     13  \"\\n\"\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("\"\\xC3\"\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith(" tokens\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_told_in_one_sentence()
    {
        CliResult result = Cli.Run("model", "tokenize", "/nowhere/x.gguf", "--text", "a");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("/nowhere/x.gguf", result.Error, StringComparison.Ordinal);
    }

    private static string Model(TempFolder folder)
    {
        string path = folder.At("tiny.gguf");
        File.WriteAllBytes(path, ShippedModel.Image());
        return path;
    }

    private static int[] Ids(CliResult result)
    {
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return [.. document.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
    }
}
