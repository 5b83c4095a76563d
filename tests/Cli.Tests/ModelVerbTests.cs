using System.Text.Json;

namespace Orrery.Cli.Tests;

public sealed class ModelVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_card_of_the_shipped_model_says_what_it_was_made_from()
    {
        CliResult result = Cli.Run("model", "inspect", "tiny-kjv", "--card");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("A demonstration, not an assistant", result.Output, StringComparison.Ordinal);
        Assert.Contains("Licence of the text", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_model_in_the_program_can_be_inspected()
    {
        CliResult result = Cli.Run("model", "inspect", "tiny-kjv", "--tensors", "--metadata");
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("tiny-kjv: llama, 2.024 M parameters, 3.401 MB\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("KV             3,840 bytes per token in F16\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("chat template  no\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("not supported  nothing found", result.Output, StringComparison.Ordinal);
        Assert.Contains("blk.5.ffn_down.weight", result.Output, StringComparison.Ordinal);
        Assert.Contains("tokenizer.ggml.tokens", result.Output, StringComparison.Ordinal);
        Assert.All(result.Output.Split('\n'), line => Assert.True(line.Length <= 100, line));
    }

    [Fact]
    public void A_made_model_is_what_was_asked_for()
    {
        string path = _folder.At("m.gguf");
        CliResult made = Cli.Run("model", "make", path, "--shape", "tiny-gemma2", "--type", "q4_k", "--seed", "7");
        Assert.Equal("", made.Error);
        Assert.Contains("note: 2 tensors with rows of 128 numbers are stored as Q5_0", made.Output, StringComparison.Ordinal);
        Assert.EndsWith($" MB written to {path}\n", made.Output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(Cli.Run("model", "inspect", path, "--tensors", "--json", "-").Output);
        JsonElement root = document.RootElement;
        Assert.Equal("orrery.model/1", root.GetProperty("schema").GetString());
        Assert.Equal("gemma2", root.GetProperty("architecture").GetString());
        Assert.Equal(2 * 2 * 2 * 32 * 2, root.GetProperty("kvBytesPerToken").GetInt64());
        Assert.Equal("Q4_K", root.GetProperty("types")[0].GetProperty("type").GetString());
        Assert.Equal(0, root.GetProperty("notSupported").GetArrayLength());
        Assert.Equal(1 + 2 * 11 + 1, root.GetProperty("tensors").GetArrayLength());
    }

    [Fact]
    public void A_file_is_never_replaced_unasked()
    {
        string path = _folder.At("m.gguf");
        File.WriteAllText(path, "mine");
        CliResult refused = Cli.Run("model", "make", path, "--shape", "tiny-llama");
        Assert.Equal((2, $"{path}: this file exists; name another, or add --force to replace it\n"), (refused.ExitCode, refused.Error));
        Assert.Equal("mine", File.ReadAllText(path));
        Assert.Equal(0, Cli.Run("model", "make", path, "--shape", "tiny-llama", "--force").ExitCode);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void An_interrupted_make_leaves_nothing()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var terminal = new Shell.Terminal(output, error);
        terminal.Interrupt();
        Assert.Equal(130, EntryPoint.Run(["model", "make", _folder.At("m.gguf")], terminal));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
