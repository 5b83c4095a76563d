using System.Text.Json;
using Orrery.Engine.Templates;
using Orrery.Engine.Tokenizers;

namespace Orrery.Live.Api;

/// <summary><c>POST /tokenize</c> and <c>/detokenize</c>, in vLLM's form (b).</summary>
internal static class TokenEndpoint
{
    public static Task TokenizeAsync(ApiCall call, Fields fields, ServedModel model)
    {
        Tokenizer tokenizer = model.Model.Text.Tokenizer;
        bool withTexts = fields.Bool("return_token_strs") ?? false;
        int[] tokens;
        if (fields.Optional("messages") is not null)
        {
            List<ChatMessage> messages = MessageReader.Read(fields);
            ToolSet? tools = ToolSet.Read(fields);
            ChatTemplateOptions template = new(fields.Bool("add_generation_prompt") ?? true) { Variables = ChatReader.ReadVariables(fields) };
            fields.Refuse(new("add_special_tokens", "the template decides about special tokens", "false"));
            fields.Done();
            tokens = ChatPrompt.Build(model.Model.Text, messages, tools, template);
        }
        else
        {
            string prompt = fields.RequiredText("prompt");
            bool addBos = fields.Bool("add_special_tokens") ?? true;
            fields.Done();
            tokens = tokenizer.Encode(prompt, addBos, parseSpecial: false);
        }
        return call.SendAsync(200, writer => Write(writer, tokens, model.Model.ContextLength, withTexts ? tokenizer : null));
    }

    public static Task DetokenizeAsync(ApiCall call, Fields fields, ServedModel model)
    {
        int[] tokens = PromptReader.Tokens(fields.Required("tokens"), "tokens");
        fields.Done();
        Tokenizer tokenizer = model.Model.Text.Tokenizer;
        foreach (int token in tokens)
        {
            if (token < 0 || token >= tokenizer.VocabularySize)
                throw new ApiException(ApiError.BadField("tokens", $"there is no token {token}; the model's are 0 to {tokenizer.VocabularySize - 1}"));
        }
        string text = tokenizer.Decode(tokens);
        return call.SendAsync(200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("prompt", text);
            writer.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter writer, int[] tokens, int contextLength, Tokenizer? tokenizer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("count", tokens.Length);
        writer.WriteNumber("max_model_len", contextLength);
        writer.WriteStartArray("tokens");
        foreach (int token in tokens) writer.WriteNumberValue(token);
        writer.WriteEndArray();
        if (tokenizer is not null)
        {
            writer.WriteStartArray("token_strs");
            foreach (int token in tokens) writer.WriteStringValue(tokenizer.PieceOf(token));
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteNull("token_strs");
        }
        writer.WriteEndObject();
    }
}
