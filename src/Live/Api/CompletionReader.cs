using System.Text.Json;
using Orrery.Engine.Sampling;
using Orrery.Engine.Tokenizers;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Reads the body of <c>/v1/completions</c>. Source of the fields: the OpenAI API reference and vLLM's protocol (b).</summary>
internal sealed class CompletionReader(ServeLimits limits, GrammarCache grammars)
{
    /// <summary>Tokens of an answer that asks for no number: that of the OpenAI API and of vLLM (b).</summary>
    public const int DefaultMaxTokens = 16;

    /// <inheritdoc cref="ChatReader.Read"/>
    public AnswerPlan Read(Fields fields, ServedModel model, string client, ulong seed)
    {
        ILiveModel live = model.Model;
        (bool stream, bool usage) = CommonReader.ReadStream(fields);
        int choices = fields.Int("n", 1, limits.Choices) ?? 1;
        int? logprobs = fields.Int("logprobs", 0, SamplingOptions.MaxLogprobs);
        SamplingOptions sampling = SamplingReader.Read(fields, live.VocabularySize, logprobs, "logprobs", seed);
        bool echo = fields.Bool("echo") ?? false;
        if (echo && logprobs is not null) throw fields.Bad("echo", "log-probabilities are given of answers only; leave out echo or logprobs");
        GenerationRequest request = CommonReader.ReadService(fields, model, client, limits) with { Sampling = sampling, Grammar = grammars.Read(fields, live) };
        CommonReader.CheckEnd(fields, request);
        int? wanted = fields.Int("max_tokens", 1);
        JsonElement prompt = fields.Required("prompt");
        foreach (Refusal refusal in Refusals.Completions) fields.Refuse(refusal);
        fields.Done();
        List<int[]> prompts = PromptReader.Read(prompt, "prompt", ServeLimits.Prompts, text => live.Text.Prompt(text, parseSpecial: false));
        foreach (int[] tokens in prompts) CommonReader.CheckPrompt(tokens, "prompt", live, limits);
        Tokenizer tokenizer = live.Text.Tokenizer;
        return new()
        {
            Model = model,
            Prompts = prompts,
            Choices = choices,
            Stream = stream,
            IncludeUsage = usage,
            Echo = echo ? [.. prompts.Select(tokens => tokenizer.Decode([.. tokens.Where(token => token < tokenizer.VocabularySize)]))] : null,
            Common = request with { MaxTokens = CommonReader.MaxTokens(wanted, DefaultMaxTokens, "max_tokens", prompts.Max(tokens => tokens.Length), live, limits) },
        };
    }
}

/// <summary>Prompts and inputs: a text, tokens, or an array of either.</summary>
internal static class PromptReader
{
    public static List<int[]> Read(JsonElement value, string path, int most, Func<string, int[]> encode)
    {
        if (value.ValueKind == JsonValueKind.String) return [encode(value.GetString()!)];
        if (value.ValueKind != JsonValueKind.Array) throw Fields.Wrong(path, "a string, an array of strings, or tokens", value);
        if (value.GetArrayLength() == 0) throw new ApiException(ApiError.BadField(path, "it is empty; give it some text"));
        if (value[0].ValueKind == JsonValueKind.Number) return [Tokens(value, path)];
        var prompts = new List<int[]>();
        foreach ((JsonElement item, string at) in Fields.ListOf(value, path, most))
            prompts.Add(item.ValueKind == JsonValueKind.Array ? Tokens(item, at) : encode(Fields.TextOf(item, at)));
        return prompts;
    }

    public static int[] Tokens(JsonElement list, string path)
    {
        if (list.ValueKind != JsonValueKind.Array) throw Fields.Wrong(path, "an array of tokens", list);
        var tokens = new int[list.GetArrayLength()];
        int at = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out tokens[at++])) throw new ApiException(ApiError.BadField(path, "tokens are whole numbers"));
        }
        return tokens;
    }
}
