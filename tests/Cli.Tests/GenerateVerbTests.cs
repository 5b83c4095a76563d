using System.Text.Json;
using Orrery.Cli.Shell;

namespace Orrery.Cli.Tests;

public sealed class GenerateVerbTests : IDisposable
{
    private static readonly string[] Short = ["generate", "--prompt", "And it came to pass", "--max-tokens", "24"];
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_model_in_the_program_continues_a_text_and_says_what_it_is()
    {
        CliResult result = Cli.Run(Short);
        Assert.Equal(0, result.ExitCode);
        Assert.True(result.Output.Trim().Length > 20, result.Output);
        string[] notes = result.Error.TrimEnd('\n').Split('\n');
        Assert.Equal("tiny-kjv: the demonstration that comes with the program; it writes verse and is no assistant (--model FILE runs another)", notes[0]);
        Assert.Matches(@"^24 tokens \(length\); prompt \d+ tokens at \d+ t/s, decode \d+\.\d t/s$", notes[1]);
        Assert.Equal(2, notes.Length);
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_whatever_the_threads_and_the_drafts()
    {
        string text = Cli.Run([.. Short, "--seed", "5"]).Output;
        Assert.Equal(text, Cli.Run([.. Short, "--seed", "5", "--threads", "3"]).Output);
        Assert.Equal(text, Cli.Run([.. Short, "--seed", "5", "--lookup", "2"]).Output);
        Assert.NotEqual(text, Cli.Run([.. Short, "--seed", "6"]).Output);
        string greedy = Cli.Run([.. Short, "--temperature", "0"]).Output;
        CliResult drafted = Cli.Run([.. Short, "--temperature", "0", "--draft", "tiny-kjv", "--draft-tokens", "3"]);
        Assert.Equal(greedy, drafted.Output);
        // It agrees with itself: everything drafted is accepted.
        Assert.Matches(@", (\d+) of \1 drafted tokens accepted in \d passes", drafted.Error);
    }

    [Fact]
    public void The_document_counts_and_explains()
    {
        CliResult result = Cli.Run([.. Short, "--temperature", "0", "--json", "-", "--logprobs", "2", "--quiet"]);
        Assert.Equal("", result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement root = document.RootElement;
        Assert.Equal("orrery.completion/1", root.GetProperty("schema").GetString());
        Assert.Equal("tiny-kjv", root.GetProperty("model").GetString());
        Assert.Equal("length", root.GetProperty("finish_reason").GetString());
        Assert.Equal(24, root.GetProperty("ids").GetArrayLength());
        JsonElement usage = root.GetProperty("usage");
        Assert.Equal(24, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt32() + 24, usage.GetProperty("total_tokens").GetInt32());
        Assert.True(root.GetProperty("timings").GetProperty("decode_tokens_per_second").GetDouble() > 0);
        JsonElement[] tokens = [.. root.GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.Equal(24, tokens.Length);
        foreach (JsonElement token in tokens)
        {
            // Greedy: the chosen token is the likeliest.
            Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength());
            Assert.Equal(token.GetProperty("logprob").GetSingle(), token.GetProperty("top_logprobs")[0].GetProperty("logprob").GetSingle());
        }
        string pieces = string.Concat(tokens.Select(token => token.GetProperty("token").GetString()));
        Assert.Equal(pieces, root.GetProperty("text").GetString());
    }

    [Fact]
    public void A_stop_text_ends_the_answer_before_it()
    {
        string whole = Cli.Run([.. Short, "--temperature", "0", "--quiet"]).Output;
        string stop = whole.Substring(20, 5);
        CliResult cut = Cli.Run([.. Short, "--temperature", "0", "--stop", stop, "--json", _folder.At("r.json")]);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], cut.Output.TrimEnd('\n'));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_folder.At("r.json")));
        Assert.Equal("stop", document.RootElement.GetProperty("finish_reason").GetString());
        Assert.Equal(stop, document.RootElement.GetProperty("stop").GetString());
    }

    [Fact]
    public void A_schema_makes_the_answer_JSON_with_and_without_drafts()
    {
        File.WriteAllText(_folder.At("schema.json"),
            """{"type": "object", "properties": {"name": {"enum": ["Moses", "Aaron"]}, "old": {"type": "boolean"}}, "required": ["name", "old"], "additionalProperties": false}""");
        string[] asked = ["generate", "--prompt", "And the LORD said", "--schema", _folder.At("schema.json"), "--json", "-", "--quiet"];
        foreach (string[] drafts in new string[][] { [], ["--lookup", "2"], ["--draft", "tiny-kjv"] })
        {
            using JsonDocument document = JsonDocument.Parse(Cli.Run([.. asked, .. drafts]).Output);
            Assert.Equal("stop", document.RootElement.GetProperty("finish_reason").GetString());
            using JsonDocument answer = JsonDocument.Parse(document.RootElement.GetProperty("text").GetString()!);
            Assert.Contains(answer.RootElement.GetProperty("name").GetString(), new[] { "Moses", "Aaron" });
            Assert.Contains(answer.RootElement.GetProperty("old").ValueKind, new[] { JsonValueKind.True, JsonValueKind.False });
        }
    }

    [Fact]
    public void An_interrupt_keeps_the_text_so_far()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var terminal = new Terminal(output, error);
        terminal.Interrupt();
        Assert.Equal(ExitCode.Interrupted, EntryPoint.Run(Short, terminal));
        Assert.Contains("0 tokens (cancelled)", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_made_model_of_another_family_answers_a_message()
    {
        string path = _folder.At("m.gguf");
        Assert.Equal(0, Cli.Run("model", "make", path, "--shape", "tiny-qwen2", "--type", "q4_k").ExitCode);
        foreach (string kv in new[] { "f32", "f16", "q8" })
        {
            CliResult result = Cli.Run("generate", "--model", path, "--prompt", "Hello", "--chat", "--system", "Be brief.", "--kv", kv, "--max-tokens", "5", "--special");
            Assert.Equal(0, result.ExitCode);
            Assert.DoesNotContain("demonstration", result.Error, StringComparison.Ordinal);
        }
    }
}
