using System.CommandLine;
using System.Globalization;
using System.Text;
using Orrery.Cli.Shell;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Engine.Shipped;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary><c>generate</c>: a model continues a text or answers a message.</summary>
internal sealed class GenerateVerb : Verb
{
    private readonly GenerateFlags _flags = new();
    private readonly SamplingFlags _sampling = new();

    public GenerateVerb()
        : base("generate", "Let a model continue a text or answer a message, as it comes.",
            "generate --prompt \"And it came to pass\"", "generate --model model.gguf --prompt \"Who are you?\" --temperature 0 --json -")
    {
        _flags.AddTo(this);
        _sampling.AddTo(this);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "The text goes to standard output, everything else to standard error. The same seed, flags and model give the same text on any number of threads. "
        + "Bias, then penalties, then the temperature, then min-p, top-k and top-p act in this order; log-probabilities are the model's own, before all of them.",
        "Speculative decoding (--draft, --lookup) changes the speed and not the distribution; with temperature 0, and with --lookup always, not one token. "
        + "Ctrl-C ends the text and keeps what there is (exit code 130).",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        _flags.Check(parsed);
        SamplingOptions sampling = _sampling.Read(parsed);
        string? json = parsed.GetValue(_flags.Json);
        if (sampling.Logprobs is not null && json is null) throw new InputException("--logprobs shows in the document only; add --json FILE");
        JsonOutput.Prepare(json, terminal);
        using var loaded = new LoadedModel(_flags, parsed, sampling, ReadPrompt(parsed.GetRequiredValue(_flags.Prompt)));
        if (loaded.Name == ShippedModel.Name && !terminal.IsQuiet)
            terminal.Error.WriteLine($"{ShippedModel.Name}: the demonstration that comes with the program; it writes verse and is no assistant (--model FILE runs another)");
        terminal.WatchInterrupt("the text so far is kept");
        Completion completion = loaded.Generate(json == "-" ? TextWriter.Null : terminal.ClaimData(), terminal.Interrupted);
        if (json is not null) JsonOutput.Write(writer => CompletionJson.Write(completion, loaded.Text.Tokenizer, sampling.Logprobs is not null, writer), json, terminal);
        if (!terminal.IsQuiet) terminal.Error.WriteLine(Closing(completion));
        if (completion.Finish == FinishReason.Length && parsed.GetValue(_flags.Schema) is not null)
            terminal.Error.WriteLine("the JSON is cut short: it needs a larger --max-tokens, or a schema with shorter texts");
        return terminal.Interrupted.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static string ReadPrompt(string prompt)
    {
        if (prompt != "-") return prompt;
        using var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return input.ReadToEnd();
    }

    private static string Closing(Completion completion)
    {
        string drafts = completion.Statistics.Proposed == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {completion.Statistics.Accepted} of {completion.Statistics.Proposed} drafted tokens accepted in {completion.Statistics.Rounds} passes");
        return string.Create(CultureInfo.InvariantCulture,
            $"{completion.Tokens} tokens ({CompletionJson.ReasonOf(completion.Finish)}); prompt {completion.Prompt.Count} tokens at {completion.PromptTokensPerSecond:F0} t/s, decode {completion.DecodeTokensPerSecond:F1} t/s{drafts}");
    }
}
