using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Live.Load;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Load;

public sealed class PromptTests
{
    private static readonly TokenPrompts Tokens = new([.. Enumerable.Range(100, 5000)], seed: 1);

    [Fact]
    public void Equal_spans_give_equal_tokens_and_the_rest_differs()
    {
        int[] a = Tokens.Make(Asks(1, 100, new TokenSpan(7, 32), new TokenSpan(9, 16))).Tokens!;
        int[] b = Tokens.Make(Asks(2, 80, new TokenSpan(7, 32), new TokenSpan(9, 16))).Tokens!;
        int[] c = Tokens.Make(Asks(3, 80, new TokenSpan(7, 32), new TokenSpan(11, 16))).Tokens!;
        Assert.Equal((100, 80, 80), (a.Length, b.Length, c.Length));
        Assert.Equal(a[..48], b[..48]);
        Assert.NotEqual(a[48..64], b[48..64]);
        Assert.Equal(a[..32], c[..32]);
        Assert.NotEqual(a[32..48], c[32..48]);
        Assert.All(a, token => Assert.InRange(token, 100, 5099));
    }

    [Fact]
    public void Prompts_are_the_same_again_and_differ_by_seed()
    {
        Request request = Asks(5, 64);
        Assert.Equal(Tokens.Make(request).Tokens, Tokens.Make(request).Tokens);
        Assert.NotEqual(Tokens.Make(request).Tokens, new TokenPrompts([.. Enumerable.Range(100, 5000)], seed: 2).Make(request).Tokens);
    }

    [Fact]
    public void Spans_that_are_longer_than_the_prompt_are_cut() =>
        Assert.Equal(10, Tokens.Make(Asks(1, 10, new TokenSpan(7, 32))).Tokens!.Length);

    [Fact]
    public void All_tokens_are_drawn_about_equally_often()
    {
        TokenPrompts few = new([.. Enumerable.Range(0, 16)], seed: 3);
        const int draws = 16_000;
        int[] counts = new int[16];
        foreach (int token in few.Make(Asks(1, draws)).Tokens!) counts[token]++;
        // Mean 1000, standard deviation 31: six of them.
        Assert.All(counts, count => Assert.InRange(count, 1000 - 186, 1000 + 186));
    }

    [Fact]
    public void A_vocabulary_of_few_tokens_is_refused() => Assert.Throws<InputException>(() => new TokenPrompts([1, 2, 3], 1));

    [Fact]
    public void Text_has_as_many_words_as_the_scale_says()
    {
        // A template of 10 tokens and 2 tokens per word.
        WordScale scale = WordScale.Through(words: 16, tokens: 42, moreWords: 64, moreTokens: 138);
        Assert.Equal((10.0, 2.0), (scale.Overhead, scale.PerWord));
        string a = new TextPrompts(scale, 1).Make(Asks(1, 110, new TokenSpan(7, 50))).Text!;
        string b = new TextPrompts(scale, 1).Make(Asks(2, 110, new TokenSpan(7, 50))).Text!;
        Assert.Equal(50, a.Split(' ').Length);
        Assert.Equal(a.Split(' ')[..20], b.Split(' ')[..20]);
        Assert.NotEqual(a, b);
        Assert.Single(new TextPrompts(scale, 1).Make(Asks(1, 3)).Text!.Split(' '));
    }

    [Fact]
    public void What_tools_return_has_its_length_and_is_not_the_prompt()
    {
        Request request = new() { Id = 1, Arrival = Instant.Zero, PromptTokens = 20, OutputTokens = 8, Calls = [new(2, Duration.FromSeconds(1), 20), new(4, Duration.FromSeconds(1), 20)] };
        int[] first = Tokens.Returned(request, 0);
        Assert.Equal(20, first.Length);
        Assert.NotEqual(first, Tokens.Returned(request, 1));
        Assert.NotEqual(first, Tokens.Make(request).Tokens);
    }

    private static Request Asks(long id, int prompt, params TokenSpan[] spans) => new()
    {
        Id = id,
        Label = id.ToString(CultureInfo.InvariantCulture),
        Arrival = Instant.Zero,
        PromptTokens = prompt,
        OutputTokens = 4,
        Content = spans.Length == 0 ? null : spans,
    };
}
