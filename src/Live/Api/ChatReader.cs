using System.Text.Json;
using Orrery.Engine.Grammars;
using Orrery.Engine.Sampling;
using Orrery.Engine.Templates;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Reads the body of <c>/v1/chat/completions</c>. Source of the fields: the OpenAI API reference and vLLM's protocol (b).</summary>
internal sealed class ChatReader(ServeLimits limits, GrammarCache grammars)
{
    /// <summary>What a template gets from the server, and nobody else may set.</summary>
    private static readonly string[] OwnVariables = ["messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token"];

    /// <param name="fields">The body; its model was looked up.</param>
    /// <param name="model">Asked for.</param>
    /// <param name="client">The API key's name.</param>
    /// <param name="seed">Of a request that names none.</param>
    /// <exception cref="ApiException">400: names the field.</exception>
    public AnswerPlan Read(Fields fields, ServedModel model, string client, ulong seed)
    {
        ILiveModel live = model.Model;
        (bool stream, bool usage) = CommonReader.ReadStream(fields);
        List<ChatMessage> messages = MessageReader.Read(fields);
        ToolSet? tools = ToolSet.Read(fields);
        int choices = fields.Int("n", 1, limits.Choices) ?? 1;
        SamplingOptions sampling = SamplingReader.Read(fields, live.VocabularySize, ReadLogprobs(fields), "top_logprobs", seed);
        JsonGrammar? grammar = grammars.Read(fields, live);
        if (grammar is not null && tools is not null) throw fields.Bad("response_format", "an answer of a given form cannot call tools; leave tools out, or write \"tool_choice\": \"none\"");
        if (tools?.Choice == ToolChoice.Required) grammar = grammars.Get(live, tools.CallSchema(), "tools");
        GenerationRequest request = CommonReader.ReadService(fields, model, client, limits) with { Sampling = sampling, Grammar = grammar };
        CommonReader.CheckEnd(fields, request);
        ChatTemplateOptions template = new() { Variables = ReadVariables(fields) };
        int? completion = fields.Int("max_completion_tokens", 1);
        int? older = fields.Int("max_tokens", 1);
        if (completion is not null && older is not null && completion != older) throw fields.Bad("max_tokens", "it differs from max_completion_tokens; keep one of them");
        foreach (Refusal refusal in Refusals.Chat) fields.Refuse(refusal);
        fields.Done();
        // Last, because it costs most.
        int[] prompt = ChatPrompt.Build(live.Text, messages, tools, template);
        CommonReader.CheckPrompt(prompt, "messages", live, limits);
        return new()
        {
            Model = model,
            Prompts = [prompt],
            Choices = choices,
            Stream = stream,
            IncludeUsage = usage,
            Tools = tools,
            Common = request with { MaxTokens = CommonReader.MaxTokens(completion ?? older, 0, completion is null ? "max_tokens" : "max_completion_tokens", prompt.Length, live, limits) },
        };
    }

    /// <summary>The variables that a client may give a template.</summary>
    public static Dictionary<string, JsonElement>? ReadVariables(Fields fields)
    {
        if (fields.Optional("chat_template_kwargs") is not { } map) return null;
        if (map.ValueKind != JsonValueKind.Object) throw Fields.Wrong("chat_template_kwargs", "an object", map);
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty variable in map.EnumerateObject())
        {
            if (OwnVariables.Contains(variable.Name)) throw new ApiException(ApiError.BadField($"chat_template_kwargs.{variable.Name}", "the server sets this variable; leave it out"));
            variables[variable.Name] = variable.Value;
        }
        return variables;
    }

    private static int? ReadLogprobs(Fields fields)
    {
        bool wanted = fields.Bool("logprobs") ?? false;
        int? likeliest = fields.Int("top_logprobs", 0, SamplingOptions.MaxLogprobs);
        if (likeliest > 0 && !wanted) throw fields.Bad("top_logprobs", "it needs logprobs: true");
        return wanted ? likeliest ?? 0 : null;
    }
}
