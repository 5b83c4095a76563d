namespace Orrery.Live.Api;

/// <summary>
/// Fields of the OpenAI API and of vLLM's extensions that are known and not supported, with the values that ask for nothing. Nothing is
/// ignored silently. Source: the OpenAI API reference and vLLM's protocol for its server (b).
/// </summary>
internal static class Refusals
{
    private const string TextOnly = "this server reads and writes text only; leave the field out";
    private const string NotStored = "nothing is stored here; leave the field out";
    private const string UseFormat = "use response_format with type json_schema instead";
    private const string NoBeams = "answers are sampled one token at a time; leave the field out";

    /// <summary>What neither kind of completion has.</summary>
    private static readonly Refusal[] Both =
    [
        new("store", NotStored, "false"),
        new("metadata", NotStored, "{}"),
        new("service_tier", "there is one tier of service; leave the field out", "\"auto\"", "\"default\""),
        new("prompt_cache_key", "equal prefixes share the cache without a key; leave the field out"),
        new("prompt_cache_retention", "the cache keeps what it has room for; leave the field out"),
        new("safety_identifier", "name the end user in the field user"),
        new("min_tokens", "a least length is not supported; leave the field out", "0"),
        new("stop_token_ids", "name texts in the field stop", "[]"),
        new("bad_words", "use logit_bias with a bias of -100", "[]"),
        new("allowed_token_ids", "use logit_bias", "[]"),
        new("use_beam_search", NoBeams, "false"),
        new("length_penalty", NoBeams, "1", "1.0"),
        new("include_stop_str_in_output", "stop strings are never part of the answer", "false"),
        new("spaces_between_special_tokens", "special tokens appear by their names without spaces", "true"),
        new("truncate_prompt_tokens", "prompts are never cut; shorten the prompt"),
        new("prompt_logprobs", "log-probabilities are given of answers only", "0"),
        new("return_tokens_as_token_ids", "tokens appear as texts; POST /tokenize gives ids", "false"),
        new("return_token_ids", "POST /tokenize gives ids", "false"),
        new("cache_prompt", "prompts are always looked up in the cache", "true"),
        new("logits_processors", "code of clients is not run", "[]"),
        new("guided_json", UseFormat),
        new("guided_regex", UseFormat),
        new("guided_choice", UseFormat),
        new("guided_grammar", UseFormat),
        new("structured_outputs", UseFormat),
        new("kv_transfer_params", "the memory of prompts is not moved between servers"),
        new("request_id", "the server names requests; the header x-request-id tells the name"),
    ];

    public static readonly IReadOnlyList<Refusal> Chat =
    [
        .. Both,
        new("audio", TextOnly),
        new("modalities", TextOnly, "[\"text\"]"),
        new("prediction", "predicted outputs are not supported; leave the field out"),
        new("reasoning_effort", "models have no such dial; where a template has one, use chat_template_kwargs"),
        new("verbosity", "say in a message how long the answer shall be", "\"medium\""),
        new("web_search_options", "there is no search; offer a tool of yours in tools"),
        new("functions", "use tools", "[]"),
        new("function_call", "use tool_choice", "\"none\"", "\"auto\""),
        new("chat_template", "the model's own template is used; write a text for /v1/completions instead"),
        new("documents", "put the documents into a message", "[]"),
        new("echo", "use /v1/completions", "false"),
        new("add_generation_prompt", "an answer always begins a new message; use /v1/completions to continue a text", "true"),
        new("continue_final_message", "an answer always begins a new message; use /v1/completions to continue a text", "false"),
        new("add_special_tokens", "the template decides about special tokens", "false"),
        new("include_reasoning", "what the model writes is the answer; nothing is split off", "true"),
        new("mm_processor_kwargs", TextOnly, "{}"),
        new("best_of", "use n", "1"),
    ];

    public static readonly IReadOnlyList<Refusal> Completions =
    [
        .. Both,
        new("suffix", "filling in the middle is not supported; write the model's own markers into the prompt", "\"\""),
        new("best_of", "use n", "1"),
        new("add_special_tokens", "send tokens to decide about them", "true"),
        new("tools", "use /v1/chat/completions", "[]"),
        new("messages", "use /v1/chat/completions"),
    ];

    public static readonly IReadOnlyList<Refusal> Embeddings =
    [
        new("dimensions", "the model's own number of dimensions is given; leave the field out"),
        new("truncate_prompt_tokens", "inputs are never cut; shorten the input"),
        new("add_special_tokens", "send tokens to decide about them", "true"),
        new("priority", "inputs are computed in the order of arrival", "0"),
    ];

    /// <summary>Of the object stream_options.</summary>
    public static readonly IReadOnlyList<Refusal> StreamOptions =
    [
        new("include_obfuscation", "streams are not padded", "false"),
        new("continuous_usage_stats", "usage comes once, at the end", "false"),
    ];
}
