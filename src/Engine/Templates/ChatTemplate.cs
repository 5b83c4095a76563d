using Orrery.Kernel;

namespace Orrery.Engine.Templates;

/// <summary>Writes a conversation as the one text that a model was trained on, by the template that the model's file carries.</summary>
/// <remarks>
/// The language is the subset of Jinja that chat templates of public models use; anything else is an error that names the construct and its place.
/// A template is foreign input: steps, lengths and depth of a rendering are bounded (<see cref="RenderState"/>). Instances hold no state and may be shared by threads.
/// Source: Jinja's template documentation (b) and that of chat templates in transformers (b: trim_blocks and lstrip_blocks on, loop controls, tojson without escapes).
/// </remarks>
public sealed class ChatTemplate
{
    /// <summary>Role marks by special tokens, one message after the other: what most models understand, for files without a template.</summary>
    private const string ChatMlSource = """
        {%- for message in messages %}
        {{- '<|im_start|>' ~ message.role ~ '\n' ~ (message.content or '') ~ '<|im_end|>\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
        {{- '<|im_start|>assistant\n' }}
        {%- endif %}
        """;

    private readonly IReadOnlyList<Statement> _body;
    private readonly string _name;

    private ChatTemplate(IReadOnlyList<Statement> body, string name, bool takesParts)
    {
        _body = body;
        _name = name;
        TakesParts = takesParts;
    }

    /// <summary>The fall-back: ChatML.</summary>
    public static ChatTemplate ChatMl { get; } = Parse(ChatMlSource, "chatml");

    /// <summary>Whether the template goes through a message's content part by part. Where it does not, parts of text reach it as lines of one text.</summary>
    public bool TakesParts { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What errors call it, such as the model file's name.</param>
    /// <exception cref="InputException">Not Jinja, or outside the subset: says what and where.</exception>
    public static ChatTemplate Parse(string source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            (IReadOnlyList<Statement> body, bool goesThroughContent) = TemplateParser.Parse(source);
            return new ChatTemplate(body, name, goesThroughContent);
        }
        catch (TemplateFault fault)
        {
            throw Failure(name, fault, default);
        }
    }

    /// <summary>The conversation as text. Special tokens are in it as their texts: encode it with special tokens recognised and without adding a BOS that is already there.</summary>
    /// <exception cref="InputException">The template refuses the messages, makes a mistake, or does not end within its bounds.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, ChatTemplateOptions options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(options);
        var state = new RenderState(Globals(messages, options), options.Now);
        try
        {
            Statement.RunAll(state, _body);
            return state.Output;
        }
        catch (TemplateRefusal refusal)
        {
            throw new InputException($"The chat template of {_name} refuses these messages: {refusal.Message}", refusal);
        }
        catch (TemplateFault fault)
        {
            throw Failure(_name, fault, state.Place);
        }
        catch (InsufficientExecutionStackException)
        {
            throw Failure(_name, new TemplateFault("a value is nested too deep"), state.Place);
        }
    }

    private Scope Globals(IReadOnlyList<ChatMessage> messages, ChatTemplateOptions options)
    {
        var globals = new Scope(null);
        globals.Set("messages", new TemplateSequence(messages.Select(message => (object?)MessageValues.Of(message, TakesParts)).ToArray()));
        globals.Set("add_generation_prompt", options.AddGenerationPrompt);
        if (options.BosToken is not null) globals.Set("bos_token", options.BosToken);
        if (options.EosToken is not null) globals.Set("eos_token", options.EosToken);
        globals.Set("tools", options.Tools is { } tools ? MessageValues.Of(tools) : null);
        globals.Set("documents", null);
        foreach ((string name, System.Text.Json.JsonElement value) in options.Variables ?? new Dictionary<string, System.Text.Json.JsonElement>()) globals.Set(name, MessageValues.Of(value));
        return globals;
    }

    private static InputException Failure(string name, TemplateFault fault, SourcePlace place) =>
        new($"Chat template of {name}, {fault.Place ?? place}: {fault.Message}.", fault);
}
