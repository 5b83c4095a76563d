using System.Collections.Frozen;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Generation;

public sealed class GeneratorTests
{
    private const int Vocabulary = 8;
    private static readonly int[] Prompt = [1, 2, 3];

    [Fact]
    public void Text_and_tokens_come_to_the_wanted_length()
    {
        using Generator generator = Make(new(), maxTokens: 20);
        GeneratedPiece[] pieces = [.. generator.Run(Prompt)];
        Assert.Equal(FinishReason.Length, generator.Finish);
        Assert.Equal(20, generator.Tokens);
        Assert.Equal(20, pieces.Length);
        Assert.Equal(Letters(pieces), Text(pieces));
    }

    [Fact]
    public void A_full_context_ends_the_answer()
    {
        using Generator generator = Make(new(), context: 16);
        Assert.Equal(13, generator.Run(Prompt).Count());
        Assert.Equal(FinishReason.Length, generator.Finish);
    }

    [Fact]
    public void The_end_token_ends_the_answer_and_prints_nothing()
    {
        using Generator generator = Make(new(), end: [4]);
        GeneratedPiece[] pieces = [.. generator.Run(Prompt)];
        Assert.Equal(FinishReason.EndOfGeneration, generator.Finish);
        Assert.Equal(4, pieces[^1].Token);
        Assert.Equal("", pieces[^1].Text);
        Assert.DoesNotContain(4, pieces[..^1].Select(piece => piece.Token!.Value));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_stop_string_cuts_the_text_and_what_only_looked_like_one_comes_out(bool delay, bool lookup)
    {
        string whole;
        using (Generator free = Make(new() { Seed = 5 }, maxTokens: 60)) whole = Text([.. free.Run(Prompt)]);
        string stop = whole.Substring(30, 4);
        int at = whole.IndexOf(stop, StringComparison.Ordinal);
        using Generator generator = Make(new() { Seed = 5, Stop = ["zz", stop, "aaaaaaaaaaaa"] }, maxTokens: 60, delay: delay, lookup: lookup);
        GeneratedPiece[] pieces = [.. generator.Run(Prompt)];
        Assert.Equal(FinishReason.StopString, generator.Finish);
        Assert.Equal(stop, generator.StoppedAt);
        Assert.Equal(whole[..at], Text(pieces));
        Assert.Equal(at + stop.Length + (delay ? 1 : 0), generator.Tokens);

        using Generator held = Make(new() { Seed = 5, Stop = [whole[50..] + "?"] }, maxTokens: 60, delay: delay, lookup: lookup);
        pieces = [.. held.Run(Prompt)];
        Assert.Equal(FinishReason.Length, held.Finish);
        Assert.Equal(whole, Text(pieces));
        Assert.Null(pieces[^1].Token);
    }

    [Fact]
    public void A_complete_grammar_ends_the_answer()
    {
        using Generator generator = Make(new(), end: [7], mask: new AlternatingMask(9, end: 7));
        Assert.Equal(9, generator.Run(Prompt).Count());
        Assert.Equal(FinishReason.GrammarComplete, generator.Finish);
    }

    [Fact]
    public void Cancelling_keeps_what_was_made()
    {
        using var cancellation = new CancellationTokenSource();
        using Generator generator = Make(new(), maxTokens: 50, delay: true);
        var pieces = new List<GeneratedPiece>();
        foreach (GeneratedPiece piece in generator.Run(Prompt, cancellation.Token))
        {
            pieces.Add(piece);
            if (pieces.Count == 10) cancellation.Cancel();
        }
        Assert.Equal(FinishReason.Cancelled, generator.Finish);
        Assert.Equal(10, generator.Tokens);
        Assert.Equal(Letters(pieces), Text(pieces));
    }

    [Fact]
    public void Log_probabilities_come_when_wanted()
    {
        using Generator generator = Make(new() { Logprobs = 3, Temperature = 0 }, maxTokens: 5);
        foreach (GeneratedPiece piece in generator.Run(Prompt))
        {
            Assert.Equal(3, piece.Likeliest!.Length);
            Assert.Equal(new(piece.Token!.Value, piece.Logprob), piece.Likeliest[0]);
            Assert.InRange(piece.Logprob, -3, 0);
        }
        using Generator none = Make(new(), maxTokens: 5);
        Assert.All(none.Run(Prompt), piece => Assert.Null(piece.Likeliest));
    }

    [Fact]
    public void Bad_prompts_are_told_at_once()
    {
        Assert.Contains("no tokens", Assert.Throws<InputException>(() => Make(new()).Run([])).Message, StringComparison.Ordinal);
        Assert.Contains("token 8", Assert.Throws<InputException>(() => Make(new()).Run([8])).Message, StringComparison.Ordinal);
        Assert.Contains("16", Assert.Throws<InputException>(() => Make(new(), context: 16).Run(new int[16])).Message, StringComparison.Ordinal);
        Assert.Contains("max_tokens", Assert.Throws<InputException>(() => Make(new(), maxTokens: 0)).Message, StringComparison.Ordinal);
    }

    private static Generator Make(
        SamplingOptions options, int? maxTokens = null, int context = 256, int[]? end = null, ITokenMask? mask = null, bool delay = false, bool lookup = false)
    {
        var model = new ToyModel(Vocabulary, 2, 42, context: context);
        FrozenSet<int> ends = (end ?? []).ToFrozenSet();
        var sampler = new Sampler(options, Vocabulary);
        ITokenSource source = lookup ? new SpeculativeDecoding(model, new PromptLookup(4), sampler, mask, ends) : new PlainDecoding(model, sampler, mask, ends);
        return new(source, new LetterText(delay), options.Stop, ends, maxTokens);
    }

    private static string Text(IEnumerable<GeneratedPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));

    private static string Letters(IEnumerable<GeneratedPiece> pieces) =>
        string.Concat(pieces.Where(piece => piece.Token is not null).Select(piece => LetterText.Letter(piece.Token!.Value)));
}
