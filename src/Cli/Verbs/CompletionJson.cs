using System.Text.Json;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Engine.Tokenizers;

namespace Orrery.Cli.Verbs;

/// <summary><c>generate --json</c>: <c>orrery.completion/1</c>. Names that the OpenAI API has are written as there.</summary>
internal static class CompletionJson
{
    /// <summary>Stands for minus infinity, which JSON cannot write; the OpenAI API's value for very unlikely tokens (b).</summary>
    private const float Unlikely = -9999f;

    public static void Write(Completion completion, Tokenizer tokenizer, bool hasLogprobs, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.completion/1");
        writer.WriteString("model", completion.Model);
        writer.WriteString("text", completion.Text);
        writer.WriteStartArray("ids");
        foreach (GeneratedPiece piece in completion.Pieces)
        {
            if (piece.Token is { } token) writer.WriteNumberValue(token);
        }
        writer.WriteEndArray();
        writer.WriteString("finish_reason", ReasonOf(completion.Finish));
        if (completion.StoppedAt is { } stop) writer.WriteString("stop", stop);
        writer.WriteNumber("seed", completion.Seed);
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", completion.Prompt.Count);
        writer.WriteNumber("completion_tokens", completion.Tokens);
        writer.WriteNumber("total_tokens", completion.Prompt.Count + completion.Tokens);
        writer.WriteEndObject();
        writer.WriteStartObject("timings");
        writer.WriteNumber("load_seconds", completion.LoadSeconds);
        writer.WriteNumber("prompt_seconds", completion.PromptSeconds);
        writer.WriteNumber("prompt_tokens_per_second", completion.PromptTokensPerSecond);
        writer.WriteNumber("decode_seconds", completion.DecodeSeconds);
        writer.WriteNumber("decode_tokens_per_second", completion.DecodeTokensPerSecond);
        writer.WriteEndObject();
        writer.WriteStartObject("passes");
        writer.WriteNumber("count", completion.Statistics.Rounds);
        writer.WriteNumber("drafted_tokens", completion.Statistics.Proposed);
        writer.WriteNumber("accepted_tokens", completion.Statistics.Accepted);
        writer.WriteEndObject();
        if (hasLogprobs) WriteLogprobs(completion, tokenizer, writer);
        writer.WriteEndObject();
    }

    /// <summary>The OpenAI API's word; what it has no word for is named as ours.</summary>
    public static string ReasonOf(FinishReason reason) => reason switch
    {
        FinishReason.StopString or FinishReason.EndOfGeneration or FinishReason.GrammarComplete => "stop",
        FinishReason.Length => "length",
        FinishReason.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "the answer has not ended"),
    };

    private static void WriteLogprobs(Completion completion, Tokenizer tokenizer, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("content");
        foreach (GeneratedPiece piece in completion.Pieces)
        {
            if (piece.Token is not { } token) continue;
            writer.WriteStartObject();
            WriteToken(new(token, piece.Logprob), tokenizer, writer);
            writer.WriteStartArray("top_logprobs");
            foreach (TokenLogprob entry in piece.Likeliest ?? [])
            {
                writer.WriteStartObject();
                WriteToken(entry, tokenizer, writer);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteToken(TokenLogprob entry, Tokenizer tokenizer, Utf8JsonWriter writer)
    {
        writer.WriteNumber("id", entry.Token);
        writer.WriteString("token", tokenizer.PieceOf(entry.Token));
        writer.WriteNumber("logprob", Math.Max(entry.Logprob, Unlikely));
        writer.WriteStartArray("bytes");
        foreach (byte part in tokenizer.BytesOf(entry.Token)) writer.WriteNumberValue(part);
        writer.WriteEndArray();
    }
}
