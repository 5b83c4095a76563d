using static Orrery.Cli.Tests.BadInput;

namespace Orrery.Cli.Tests;

/// <summary>Wrong orders for a text with their designed errors.</summary>
internal static class BadGenerations
{
    public static readonly BadInput[] All =
    [
        Flags("no prompt", ["generate"],
            "orrery generate needs --prompt TEXT|-: The text to continue or the question; '-' reads standard input; see 'orrery generate --help'"),
        Flags("model to generate from that is missing", ["generate", "--prompt", "x", "--model", "{dir}/m.gguf"],
            "{dir}/m.gguf: there is no such file"),
        Flags("temperature in words", ["generate", "--prompt", "x", "--temperature", "warm"],
            "--temperature warm: it is a number, such as 0.8"),
        Flags("temperature below zero", ["generate", "--prompt", "x", "--temperature=-1"],
            "the sampling option temperature is -1: it must lie between 0 and 100"),
        Flags("top-p above one", ["generate", "--prompt", "x", "--top-p", "1.5"],
            "the sampling option top_p is 1.5: it must be above 0 and at most 1 (1 keeps all tokens)"),
        Flags("half a token", ["generate", "--prompt", "x", "--max-tokens", "0.5"],
            "--max-tokens 0.5: it is a whole number of at least 1"),
        Flags("bias without a value", ["generate", "--prompt", "x", "--logit-bias", "7"],
            "--logit-bias 7: expected ID=X, such as 42=-5"),
        Flags("bias of a token that is not there", ["generate", "--prompt", "x", "--logit-bias", "5000=1"],
            "the sampling option logit_bias is for token 5000: it must name a token of the model, 0 to 1023"),
        Flags("chat that is raw", ["generate", "--prompt", "x", "--chat", "--raw"],
            "--chat and --raw exclude each other; keep one"),
        Flags("system message without a chat", ["generate", "--prompt", "x", "--raw", "--system", "y"],
            "--system needs a chat; leave out --raw, or write it into the prompt"),
        Flags("two drafts", ["generate", "--prompt", "x", "--draft", "tiny-kjv", "--lookup", "2"],
            "--draft and --lookup exclude each other; keep one"),
        Flags("draft tokens without a draft", ["generate", "--prompt", "x", "--draft-tokens", "3"],
            "--draft-tokens says how far to draft; add --draft FILE or --lookup N"),
        Flags("draft of too many tokens", ["generate", "--prompt", "x", "--lookup", "2", "--draft-tokens", "65"],
            "the draft's tokens of speculative decoding are 65: they must lie between 1 and 64"),
        Flags("unknown KV type", ["generate", "--prompt", "x", "--kv", "f15"],
            "--kv f15: there is no such type; did you mean 'f16'? Known: f32, f16, q8"),
        Flags("schema that is missing", ["generate", "--prompt", "x", "--schema", "{dir}/schema.json"],
            "--schema {dir}/schema.json: there is no such file"),
        Files("schema that is no JSON", ["generate", "--prompt", "x", "--schema", "{dir}/schema.json"], "schema.json", "{",
            "--schema {dir}/schema.json: JSON schema: not JSON ("),
        Flags("log-probabilities that nobody sees", ["generate", "--prompt", "x", "--logprobs", "3"],
            "--logprobs shows in the document only; add --json FILE"),
        Flags("prompt longer than the context", ["generate", "--prompt", new string('Q', 200)],
            "the prompt has 202 tokens, but the model's context holds 128 and the answer needs at least one: shorten the prompt"),
    ];
}
