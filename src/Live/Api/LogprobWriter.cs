using System.Text.Json;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Engine.Tokenizers;

namespace Orrery.Live.Api;

/// <summary>Log-probabilities in the two forms of the OpenAI API.</summary>
internal sealed class LogprobWriter(Tokenizer tokenizer)
{
    /// <summary>An entry of a chat's <c>logprobs.content</c>.</summary>
    public void WriteEntry(Utf8JsonWriter writer, in GeneratedPiece piece)
    {
        writer.WriteStartObject();
        WriteToken(writer, new(piece.Token!.Value, piece.Logprob));
        writer.WriteStartArray("top_logprobs");
        foreach (TokenLogprob likely in piece.Likeliest ?? [])
        {
            writer.WriteStartObject();
            WriteToken(writer, likely);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The <c>logprobs</c> of a completion.</summary>
    /// <param name="writer">Within the choice.</param>
    /// <param name="pieces">Those with tokens.</param>
    /// <param name="offset">Characters before the first piece.</param>
    public void WriteArrays(Utf8JsonWriter writer, IReadOnlyList<GeneratedPiece> pieces, int offset)
    {
        writer.WriteStartObject(JsonNames.Logprobs);
        writer.WriteStartArray("tokens");
        foreach (GeneratedPiece piece in pieces) writer.WriteStringValue(TextOf(piece.Token!.Value));
        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs");
        foreach (GeneratedPiece piece in pieces) writer.WriteNumberValue(Finite(piece.Logprob));
        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs");
        foreach (GeneratedPiece piece in pieces) WriteMap(writer, piece);
        writer.WriteEndArray();
        writer.WriteStartArray("text_offset");
        foreach (GeneratedPiece piece in pieces)
        {
            writer.WriteNumberValue(offset);
            offset += TextOf(piece.Token!.Value).Length;
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Characters that a token counts for in the offsets.</summary>
    public int LengthOf(int token) => TextOf(token).Length;

    private void WriteMap(Utf8JsonWriter writer, in GeneratedPiece piece)
    {
        // Tokens that are parts of characters look alike; a key may come once, so the likelier one has it.
        var seen = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        foreach (TokenLogprob likely in piece.Likeliest ?? [])
        {
            string text = TextOf(likely.Token);
            if (seen.Add(text)) writer.WriteNumber(text, Finite(likely.Logprob));
        }
        string chosen = TextOf(piece.Token!.Value);
        if (seen.Add(chosen)) writer.WriteNumber(chosen, Finite(piece.Logprob));
        writer.WriteEndObject();
    }

    private void WriteToken(Utf8JsonWriter writer, TokenLogprob token)
    {
        writer.WriteString("token", TextOf(token.Token));
        writer.WriteNumber("logprob", Finite(token.Logprob));
        writer.WriteStartArray("bytes");
        if (token.Token < tokenizer.VocabularySize)
            foreach (byte value in tokenizer.BytesOf(token.Token)) writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    // Models pad their output to a round number of rows; such a row has no text.
    private string TextOf(int token) => token < tokenizer.VocabularySize ? tokenizer.PieceOf(token) : "";

    /// <summary>JSON has no infinity: an impossible token gets the OpenAI API's value for a very unlikely one (b).</summary>
    private static float Finite(float logprob) => float.IsFinite(logprob) ? logprob : -9999f;
}
