using System.Text;
using Orrery.Engine.Sampling;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Sampling;

public sealed class StopStringsTests
{
    [Fact]
    public void Text_is_cut_before_the_stop_string_however_it_arrives()
    {
        RandomStream random = RandomStream.Root(1);
        int stopped = 0;
        for (int trial = 0; trial < 20_000; trial++)
        {
            string text = Word(random, random.NextInt(30));
            string[] stops = [.. Enumerable.Range(0, random.NextInt(4)).Select(_ => Word(random, 1 + random.NextInt(5)))];
            (string expected, string? matched) = Search(text, stops);
            var stream = new StopStrings(stops);
            var answer = new StringBuilder();
            int at = 0;
            while (at < text.Length && stream.Matched is null)
            {
                int length = Math.Min(random.NextInt(6), text.Length - at);
                answer.Append(stream.Append(text.Substring(at, length)));
                at += length;
                if (stream.Matched is null) Assert.Equal(Held(text[..at], stops), at - answer.Length);
            }
            Assert.Equal(matched, stream.Matched);
            if (matched is null) answer.Append(stream.Flush());
            Assert.Equal(expected, answer.ToString());
            stopped += matched is null ? 0 : 1;
        }
        Assert.InRange(stopped, 2000, 18_000);
    }

    [Fact]
    public void Of_stop_strings_that_end_together_the_longest_counts()
    {
        var stream = new StopStrings(["b", "aab", "ab"]);
        Assert.Equal("x", stream.Append("xaa"));
        Assert.Equal("", stream.Append("bc"));
        Assert.Equal("aab", stream.Matched);
        Assert.Throws<InvalidOperationException>(() => stream.Append("more"));
    }

    [Fact]
    public void Text_goes_through_where_there_are_no_stop_strings()
    {
        var stream = new StopStrings([]);
        string text = "anything";
        Assert.Same(text, stream.Append(text));
        Assert.Equal("", stream.Flush());
    }

    private static string Word(RandomStream random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.NextInt(3))));

    /// <summary>The definition: the first end of any stop string, and of those that end there the longest.</summary>
    private static (string Text, string? Matched) Search(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string? longest = stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length);
            if (longest is not null) return (text[..(end - longest.Length)], longest);
        }
        return (text, null);
    }

    /// <summary>The longest end of the text that begins a stop string.</summary>
    private static int Held(string text, string[] stops) =>
        Enumerable.Range(0, text.Length + 1).Where(length => stops.Any(stop => stop.StartsWith(text[(text.Length - length)..], StringComparison.Ordinal)))
            .DefaultIfEmpty(0).Max();
}
