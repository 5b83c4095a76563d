using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary>Flags of <c>generate</c> other than those of sampling.</summary>
internal sealed class GenerateFlags
{
    public const int DefaultMaxTokens = 256;
    public const int DefaultDraftTokens = 4;

    /// <summary>The most threads that <c>--threads</c> takes on any machine: past the processors they only take turns, and thousands of them never come to an end.</summary>
    private const int MostThreads = 64;

    /// <summary>The KV types by their names on the command line.</summary>
    private static readonly Dictionary<string, KvType> KvTypes = new(StringComparer.Ordinal) { ["f32"] = KvType.F32, ["f16"] = KvType.F16, ["q8"] = KvType.Q8 };

    public Option<string> Model { get; } = new("--model", "-m") { HelpName = "FILE", Description = "A GGUF model; default: the demonstration that comes with the program." };

    public Option<string> Prompt { get; } = new("--prompt", "-p") { HelpName = "TEXT|-", Description = "The text to continue or the question; '-' reads standard input.", Required = true };

    public Option<string> MaxTokens { get; } = new("--max-tokens", "-n") { HelpName = "N", Description = $"The most tokens of the answer; default {DefaultMaxTokens}, at most what the context holds." };

    public Option<bool> Chat { get; } = new("--chat") { Description = "The prompt is a user's message; the default where the model has a chat template. Without one: ChatML." };

    public Option<bool> Raw { get; } = new("--raw") { Description = "The prompt is text to continue, whatever the model has." };

    public Option<string> System { get; } = new("--system") { HelpName = "TEXT", Description = "With a chat: the system message." };

    public Option<string> Schema { get; } = new("--schema") { HelpName = "FILE", Description = "The answer is JSON that satisfies this JSON schema." };

    public Option<string> Draft { get; } = new("--draft") { HelpName = "FILE", Description = "Speculative decoding with this smaller model of the same vocabulary." };

    public Option<string> DraftTokens { get; } = new("--draft-tokens") { HelpName = "K", Description = $"Tokens drafted per pass, 1 to {PromptLookup.Limit}; default {DefaultDraftTokens}." };

    public Option<string> Lookup { get; } = new("--lookup") { HelpName = "N", Description = "Speculative decoding by repeating what followed the last N tokens earlier in the text." };

    public Option<string> Lora { get; } = new("--lora") { HelpName = "FILE", Description = "A LoRA adapter (GGUF), applied at run time." };

    public Option<string> Threads { get; } = new("--threads") { HelpName = "N", Description = "Threads; default: one per processor." };

    public Option<string> Kv { get; } = new("--kv") { HelpName = "f32|f16|q8", Description = "How keys and values are stored; default f16." };

    public Option<bool> Special { get; } = new("--special") { Description = "Read control tokens written in the prompt, and print those that come." };

    public Option<string> Json { get; } = CommonOptions.Json();

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { Model, Prompt, MaxTokens, Chat, Raw, System, Schema, Draft, DraftTokens, Lookup, Lora, Threads, Kv, Special, Json }) command.Add(option);
    }

    /// <exception cref="InputException">Flags that exclude each other.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(Chat) && parsed.GetValue(Raw)) throw new InputException("--chat and --raw exclude each other; keep one");
        if (parsed.GetValue(Raw) && parsed.GetValue(System) is not null) throw new InputException("--system needs a chat; leave out --raw, or write it into the prompt");
        bool drafts = parsed.GetValue(Draft) is not null;
        bool looksUp = parsed.GetValue(Lookup) is not null;
        if (drafts && looksUp) throw new InputException("--draft and --lookup exclude each other; keep one");
        if (!drafts && !looksUp && parsed.GetValue(DraftTokens) is not null) throw new InputException("--draft-tokens says how far to draft; add --draft FILE or --lookup N");
    }

    /// <summary>0 stands for one per processor.</summary>
    public int ThreadsOf(ParseResult parsed) => FlagNumbers.Whole(parsed, Threads, 1, Math.Max(MostThreads, Environment.ProcessorCount)) ?? 0;

    public KvType KvOf(ParseResult parsed)
    {
        if (parsed.GetValue(Kv) is not { } text) return KvType.F16;
        return KvTypes.TryGetValue(text, out KvType type) ? type : throw new InputException($"--kv {text}: there is no such type{Names.Suggest(text, KvTypes.Keys)}");
    }
}
