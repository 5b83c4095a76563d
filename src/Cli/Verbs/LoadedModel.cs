using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Orrery.Cli.Shell;
using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Grammars;
using Orrery.Engine.Models;
using Orrery.Engine.Sampling;
using Orrery.Engine.Shipped;
using Orrery.Engine.Templates;
using Orrery.Engine.Tokenizers;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary>What <c>generate</c> needs in memory: the model, perhaps a draft model, and the prompt's tokens.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly Stack<IDisposable> _owned = [];
    private readonly int[] _prompt;
    private readonly int _maxTokens;
    private readonly SamplingOptions _sampling;
    private readonly ITokenSource _source;
    private readonly bool _isChat;
    private readonly bool _showsSpecial;
    private readonly double _loadSeconds;

    /// <exception cref="InputException">A file, flag or prompt that cannot be used.</exception>
    public LoadedModel(GenerateFlags flags, ParseResult parsed, SamplingOptions sampling, string prompt)
    {
        long start = Stopwatch.GetTimestamp();
        _sampling = sampling;
        _showsSpecial = parsed.GetValue(flags.Special);
        try
        {
            using GgufFile file = ModelVerbs.Open(parsed.GetValue(flags.Model) ?? ShippedModel.Name);
            Name = file.Name;
            Text = new(file);
            _isChat = !parsed.GetValue(flags.Raw) && (parsed.GetValue(flags.Chat) || parsed.GetValue(flags.System) is not null || Text.Template is not null);
            _prompt = _isChat ? Text.Chat(Messages(parsed.GetValue(flags.System), prompt)) : Text.Prompt(prompt, _showsSpecial);
            ModelConfig config = ModelConfig.Read(file, null);
            PromptCheck.Throw(_prompt, config.Vocabulary, config.ContextLength);
            sampling.Validate(config.Vocabulary);
            _maxTokens = FlagNumbers.Whole(parsed, flags.MaxTokens, 1) ?? GenerateFlags.DefaultMaxTokens;
            ITokenMask? mask = Grammar(parsed.GetValue(flags.Schema));
            int context = (int)Math.Min(config.ContextLength, (long)_prompt.Length + _maxTokens);
            var options = new TransformerOptions { Threads = flags.ThreadsOf(parsed) };
            KvType kv = flags.KvOf(parsed);
            LoraAdapter? adapter = null;
            if (parsed.GetValue(flags.Lora) is { } lora)
            {
                using GgufFile adapterFile = GgufFile.Open(lora);
                adapter = LoraAdapter.Open(adapterFile, config);
            }
            TransformerModel model = Load(file, options, kv, context, adapter);
            var sampler = new Sampler(sampling, model.VocabularySize, expectedTokens: context);
            IDrafter? drafter = Drafter(flags, parsed, options, kv, context, model.VocabularySize);
            _source = drafter is null
                ? new PlainDecoding(model, sampler, mask, Text.Tokenizer.EndOfGeneration)
                : new SpeculativeDecoding(model, drafter, sampler, mask, Text.Tokenizer.EndOfGeneration);
            _owned.Push(_source);
        }
        catch
        {
            Dispose();
            throw;
        }
        _loadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>Its tokenizer and template.</summary>
    public ModelText Text { get; }

    /// <summary>Generates and streams the text.</summary>
    public Completion Generate(TextWriter output, CancellationToken cancellation)
    {
        using var generator = new Generator(_source, new TokenText(Text.Tokenizer, continues: !_isChat, _showsSpecial), _sampling.Stop, Text.Tokenizer.EndOfGeneration, _maxTokens);
        var pieces = new List<GeneratedPiece>();
        var text = new StringBuilder();
        long start = Stopwatch.GetTimestamp();
        double first = 0;
        double last = 0;
        foreach (GeneratedPiece piece in generator.Run(_prompt, cancellation))
        {
            last = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (pieces.Count == 0) first = last;
            pieces.Add(piece);
            if (piece.Text.Length == 0) continue;
            text.Append(piece.Text);
            output.Write(piece.Text);
            output.Flush();
        }
        if (text.Length > 0 && text[^1] != '\n') output.WriteLine();
        // The closing line on standard error comes after this line's end, also where both go to one terminal.
        output.Flush();
        return new()
        {
            Model = Name,
            Prompt = _prompt,
            Text = text.ToString(),
            Pieces = pieces,
            Finish = generator.Finish,
            StoppedAt = generator.StoppedAt,
            Seed = _sampling.Seed,
            Statistics = generator.Statistics,
            LoadSeconds = _loadSeconds,
            PromptSeconds = first,
            DecodeSeconds = last - first,
        };
    }

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned)) owned.Dispose();
    }

    private static List<ChatMessage> Messages(string? system, string prompt)
    {
        List<ChatMessage> messages = [];
        if (system is not null) messages.Add(new("system", system));
        messages.Add(new("user", prompt));
        return messages;
    }

    private JsonGrammar? Grammar(string? path)
    {
        if (path is null) return null;
        if (!File.Exists(path)) throw new InputException($"--schema {path}: there is no such file");
        try
        {
            return JsonGrammar.Compile(File.ReadAllText(path), Text.Vocabulary);
        }
        catch (InputException problem)
        {
            throw new InputException($"--schema {path}: {problem.Message.TrimEnd('.')}", problem);
        }
    }

    private TransformerModel Load(GgufFile file, TransformerOptions options, KvType kv, int context, LoraAdapter? adapter)
    {
        Transformer transformer = Transformer.Load(file, options with { ContextLength = context });
        _owned.Push(transformer);
        var model = new TransformerModel(transformer, kv, context, adapter: adapter);
        _owned.Push(model);
        return model;
    }

    private IDrafter? Drafter(GenerateFlags flags, ParseResult parsed, TransformerOptions options, KvType kv, int context, int vocabulary)
    {
        int tokens = FlagNumbers.Whole(parsed, flags.DraftTokens, 1) ?? GenerateFlags.DefaultDraftTokens;
        if (FlagNumbers.Whole(parsed, flags.Lookup, 1) is { } match) return new PromptLookup(tokens, match);
        if (parsed.GetValue(flags.Draft) is not { } path) return null;
        using GgufFile file = ModelVerbs.Open(path);
        CheckSameTokens(Tokenizer.Read(file.Metadata, file.Name), path);
        int draftContext = Math.Min(context, ModelConfig.Read(file, null).ContextLength);
        return new DraftModel(Load(file, options, kv, draftContext, null), vocabulary, _sampling, tokens);
    }

    /// <summary>A draft in other tokens is never right: the text would stay exact and only become slow.</summary>
    private void CheckSameTokens(Tokenizer draft, string path)
    {
        Tokenizer own = Text.Tokenizer;
        if (draft.VocabularySize != own.VocabularySize)
            throw new InputException($"--draft {path}: it has {draft.VocabularySize} tokens and {Name} has {own.VocabularySize}; take a draft model of the same family");
        for (int id = 0; id < own.VocabularySize; id++)
        {
            if (!own.BytesOf(id).SequenceEqual(draft.BytesOf(id)))
                throw new InputException($"--draft {path}: its token {id} is '{draft.PieceOf(id)}' and that of {Name} is '{own.PieceOf(id)}'; take a draft model of the same family");
        }
    }
}
