using Orrery.Engine.Gguf;
using Orrery.Engine.Generation;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>Finds out how prompts of a stated length are made for a server.</summary>
public static class PromptSources
{
    private const int FewWords = 16;

    /// <summary>Far enough apart that rounding does not tilt the line; shorter where the model's sequences are (our choice, d).</summary>
    private const int ManyWords = 256;

    /// <summary>Token prompts from the vocabulary of a model file.</summary>
    /// <exception cref="InputException">No model file with a tokenizer.</exception>
    public static TokenPrompts FromFile(string path, ulong seed)
    {
        using GgufFile file = GgufFile.Open(path);
        return new(TokenPrompts.OrdinaryTokens(new ModelText(file).Tokenizer), seed);
    }

    /// <summary>Token prompts from tokens that the server's own tokenizer makes of common words.</summary>
    /// <exception cref="InputException">The server has no tokenizer to ask.</exception>
    public static async Task<TokenPrompts> FromServerAsync(OpenAiServer server, string model, ulong seed, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        int[] tokens = await server.TokenizeAsync(model, TextPrompts.AllWords, cancellation).ConfigureAwait(false)
            ?? throw new InputException($"{server.Url}: the server has no /tokenize, so nothing says which tokens prompts may have; name its model file with --tokenizer MODEL.gguf, or send text with --prompts text");
        return new([.. tokens.Distinct()], seed);
    }

    /// <summary>Text prompts, their words counted by two short requests.</summary>
    /// <param name="client">Sends them.</param>
    /// <param name="server">Its address, for errors.</param>
    /// <param name="maxTokens">Longest sequence of the model; null where it is not known.</param>
    /// <param name="seed">Of the prompts.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">The server answers with an error, or does not count tokens.</exception>
    public static async Task<(TextPrompts Prompts, WordScale Scale)> FromWordsAsync(IStreamClient client, string server, int? maxTokens, ulong seed, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        int many = Math.Min(ManyWords, Math.Max(2 * FewWords, (maxTokens ?? int.MaxValue) / 4));
        int few = await CountAsync(client, server, FewWords, cancellation).ConfigureAwait(false);
        int more = await CountAsync(client, server, many, cancellation).ConfigureAwait(false);
        if (more <= few) throw new InputException($"{server}: the server counts {few} tokens for {FewWords} words and {more} for {many}, so the length of text prompts cannot be tuned; use --prompts tokens");
        WordScale scale = WordScale.Through(FewWords, few, many, more);
        return (new(scale, seed), scale);
    }

    private static async Task<int> CountAsync(IStreamClient client, string server, int words, CancellationToken cancellation)
    {
        Request request = new() { Id = -words, Arrival = Instant.Zero, PromptTokens = words, OutputTokens = 1 };
        Probe probe = new(request, new TextPrompts(new(0, 1), 0).Make(request));
        StreamResult result = await client.SendAsync(probe, cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        if (result.Close != StreamClose.Finished) throw new InputException($"{server}: the server does not answer a short request: {result.Reason}");
        return result.PromptTokens ?? throw new InputException($"{server}: the server does not report usage, so the length of text prompts is not known; use --prompts tokens");
    }

    private sealed record Probe(Request Request, LoadPrompt Prompt) : IExchange
    {
        public string Client => "";

        public IReadOnlyList<int[]>? Returned => null;

        public void Sent(long timestamp)
        {
        }

        public void Received(int count, long timestamp)
        {
        }
    }
}
