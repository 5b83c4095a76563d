using System.Globalization;
using System.Text.Json;
using Orrery.Kernel.Time;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Fields of both kinds of completion other than those of sampling.</summary>
internal static class CommonReader
{
    /// <summary>Names longer than this are no names (our choice, d).</summary>
    private const int LongestUser = 256;

    private const double LongestTimeoutSeconds = 86_400;

    private const int MostCalls = 64;

    /// <summary>Streaming, and whether usage comes with it.</summary>
    public static (bool Stream, bool IncludeUsage) ReadStream(Fields fields)
    {
        bool stream = fields.Bool("stream") ?? false;
        if (fields.Object("stream_options") is not { } options) return (stream, false);
        bool usage = options.Bool("include_usage") ?? false;
        foreach (Refusal refusal in Refusals.StreamOptions) options.Refuse(refusal);
        options.Done();
        if (!stream) throw fields.Bad("stream_options", "it needs stream: true");
        return (stream, usage);
    }

    /// <summary>The request's part that is not about tokens: who asks, how urgent, for how long, and scripted calls.</summary>
    /// <param name="fields">Of the request.</param>
    /// <param name="model">Asked for.</param>
    /// <param name="client">The API key's name.</param>
    /// <param name="limits">The server's.</param>
    public static GenerationRequest ReadService(Fields fields, ServedModel model, string client, ServeLimits limits)
    {
        string? user = ReadUser(fields);
        double? wanted = fields.Number("timeout_seconds");
        if (wanted is <= 0 or > LongestTimeoutSeconds) throw fields.Bad("timeout_seconds", $"expected a number above 0 and at most {LongestTimeoutSeconds}");
        Duration timeout = limits.Timeout == Duration.Zero ? Duration.Infinite : limits.Timeout;
        if (wanted is { } seconds) timeout = Duration.Min(timeout, Duration.FromSeconds(seconds));
        bool skipsSpecial = fields.Bool("skip_special_tokens") ?? true;
        return new()
        {
            Id = "",
            Prompt = [],
            Client = user ?? client,
            Priority = fields.Int("priority") ?? 0,
            Timeout = timeout,
            Adapter = model.Adapter,
            IgnoresEnd = fields.Bool("ignore_eos") ?? false,
            ShowsSpecial = !skipsSpecial,
            Calls = ReadCalls(fields, model),
        };
    }

    public static string? ReadUser(Fields fields)
    {
        string? user = fields.Text("user");
        return user is { Length: > LongestUser } ? throw fields.Bad("user", $"at most {LongestUser} characters are taken") : user;
    }

    /// <summary>The most tokens of an answer, 0 for what the context holds.</summary>
    /// <param name="asked">By the client; null where it says nothing.</param>
    /// <param name="usual">Where it says nothing; 0 = what the context holds.</param>
    /// <param name="field">Its field.</param>
    /// <param name="longestPrompt">Tokens.</param>
    /// <param name="model">Asked for.</param>
    /// <param name="limits">The server's.</param>
    public static int MaxTokens(int? asked, int usual, string field, int longestPrompt, ILiveModel model, ServeLimits limits)
    {
        int room = model.ContextLength - longestPrompt;
        int most = limits.AnswerTokens > 0 ? Math.Min(limits.AnswerTokens, room) : room;
        if (asked is not { } tokens) return usual == 0 && limits.AnswerTokens == 0 ? 0 : Math.Min(usual == 0 ? most : usual, most);
        if (tokens <= most) return tokens;
        string why = most < room
            ? string.Create(CultureInfo.InvariantCulture, $"this server gives at most {most} tokens")
            : string.Create(CultureInfo.InvariantCulture, $"the context of {model.ContextLength} tokens has room for {room} after a prompt of {longestPrompt}");
        throw new ApiException(ApiError.BadField(field, string.Create(CultureInfo.InvariantCulture, $"it is {tokens}, but {why}; ask for fewer"), "context_length_exceeded"));
    }

    /// <exception cref="ApiException">400: a prompt that the model cannot take.</exception>
    public static void CheckPrompt(int[] prompt, string path, ILiveModel model, ServeLimits limits, bool isAnswered = true)
    {
        if (prompt.Length == 0) throw new ApiException(ApiError.BadField(path, "the prompt has no tokens; give it some text"));
        if (prompt.Length + (isAnswered ? 1 : 0) > model.ContextLength)
        {
            throw new ApiException(ApiError.BadField(path, string.Create(CultureInfo.InvariantCulture,
                $"the prompt has {prompt.Length} tokens, but the context holds {model.ContextLength}{(isAnswered ? " and an answer needs at least one" : "")}; shorten it"), "context_length_exceeded"));
        }
        if (limits.PromptTokens > 0 && prompt.Length > limits.PromptTokens)
        {
            throw new ApiException(ApiError.BadField(path, string.Create(CultureInfo.InvariantCulture,
                $"the prompt has {prompt.Length} tokens; this server takes {limits.PromptTokens}"), "context_length_exceeded"));
        }
        foreach (int token in prompt)
        {
            if (token < 0 || token >= model.VocabularySize)
                throw new ApiException(ApiError.BadField(path, string.Create(CultureInfo.InvariantCulture, $"there is no token {token}; the model's are 0 to {model.VocabularySize - 1}")));
        }
    }

    /// <exception cref="ApiException">400: a constrained answer ends by its grammar.</exception>
    public static void CheckEnd(Fields fields, GenerationRequest request)
    {
        if (request.IgnoresEnd && request.Grammar is not null) throw fields.Bad("ignore_eos", "an answer of a given form ends with it; leave ignore_eos out");
    }

    /// <exception cref="ApiException">400: a scripted call that the answer never comes to, or returns that do not fit.</exception>
    public static void CheckCalls(GenerationRequest request, int longestPrompt, ILiveModel model)
    {
        if (request.Calls is not { Count: > 0 } calls) return;
        int returned = calls.Sum(call => call.Returned.Length);
        int room = model.ContextLength - longestPrompt - returned;
        int most = request.MaxTokens > 0 ? request.MaxTokens : room;
        if (most > room) throw new ApiException(ApiError.BadField("orrery_calls", string.Create(CultureInfo.InvariantCulture, $"prompt, answer and the {returned} tokens that the calls return are longer than the context of {model.ContextLength} tokens"), "context_length_exceeded"));
        if (calls[^1].Call.AfterTokens >= most) throw new ApiException(ApiError.BadField("orrery_calls", string.Create(CultureInfo.InvariantCulture, $"a call comes after {calls[^1].Call.AfterTokens} tokens and the answer has at most {most}; give it an earlier place")));
    }

    /// <summary>What a scripted call brings back: as text, or as tokens, of which a third field may tell the number.</summary>
    private static int[] ReadReturned(Fields call, ILiveModel model)
    {
        string? text = call.Text("return_text");
        var ids = call.List("returned", model.ContextLength);
        if (text is not null && ids is not null) throw call.Bad("returned", "what comes back is given as text already; keep one of return_text and returned");
        int[] returned = ids is null
            ? model.Text.Tokenizer.Encode(text ?? "", addBos: false, parseSpecial: false)
            : [.. ids.Select(id => (int)Fields.LongOf(id.Item1, id.Item2, 0, model.VocabularySize - 1))];
        if (call.Int("return_tokens") is { } count && count != returned.Length)
            throw call.Bad("return_tokens", string.Create(CultureInfo.InvariantCulture, $"it is {count}, and what comes back has {returned.Length} tokens"));
        return returned;
    }

    private static List<ScriptedCall>? ReadCalls(Fields fields, ServedModel model)
    {
        if (fields.List("orrery_calls", MostCalls) is not { Count: > 0 } items) return null;
        var calls = new List<ScriptedCall>();
        foreach ((JsonElement item, string path) in items)
        {
            Fields call = new(item, path);
            int after = (int)Fields.LongOf(call.Required("after_tokens"), call.PathOf("after_tokens"), 1, int.MaxValue);
            double seconds = call.Number("seconds") ?? throw call.Bad("seconds", "this field is missing");
            if (seconds is < 0 or > LongestTimeoutSeconds) throw call.Bad("seconds", $"expected a number from 0 to {LongestTimeoutSeconds}");
            if (calls.Count > 0 && after <= calls[^1].Call.AfterTokens) throw call.Bad("after_tokens", "calls come in the order of their tokens, each later than the one before");
            int[] returned = ReadReturned(call, model.Model);
            call.Done();
            calls.Add(new(new(after, Duration.FromSeconds(seconds), returned.Length), returned));
        }
        return calls;
    }
}
