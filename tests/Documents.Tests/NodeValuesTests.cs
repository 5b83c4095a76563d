using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Documents.Tests;

public sealed class NodeValuesTests
{
    private enum Color
    {
        DarkRed,
        Blue,
    }

    private static Node Value(string text) => Errors.Parse("k: " + text)["k"]!;

    [Fact]
    public void Right_values_are_read()
    {
        Assert.Equal("7", Value("7").AsText());
        Assert.Equal(-7, Value("-7").AsInt());
        Assert.Equal(long.MaxValue, Value("9223372036854775807").AsLong());
        Assert.Equal(1.5e-3, Value("1.5e-3").AsNumber());
        Assert.True(Value("true").AsBool());
        Assert.False(Value("false").AsBool());
        Assert.Equal(Duration.FromMilliseconds(250), Value("250ms").AsDuration());
        Assert.Equal(Duration.FromMilliseconds(250), Value("\"250 ms\"").AsDuration());
        Assert.Equal(new Bytes(80L << 30), Value("80GiB").AsBytes());
        Assert.Equal(20, Value("20/s").AsQuantity(Quantity.Rate));
        Assert.Equal(Color.DarkRed, Value("dark-red").AsChoice<Color>());
        Assert.Equal(2, Value("[a, b]").AsList().Count);
    }

    [Theory]
    [InlineData("[a]", "expected text, not a list")]
    [InlineData("", "expected text, not nothing")]
    public void Wrong_text(string text, string sentence) => Check(text, sentence, node => node.AsText());

    [Theory]
    [InlineData("abc", "expected a whole number such as 8, not 'abc'")]
    [InlineData("1_000", "expected a whole number such as 8, not '1_000'")]
    [InlineData("1,000", "expected a whole number such as 8, not '1,000'")]
    [InlineData("0x10", "expected a whole number such as 8, not '0x10'")]
    [InlineData("1.5", "expected a whole number such as 8, not '1.5'")]
    [InlineData("", "expected a whole number such as 8, not nothing")]
    [InlineData("{a: 1}", "expected a whole number such as 8, not a mapping")]
    [InlineData("'5'", "expected a whole number such as 8, but '5' is text because of its quotes; write 5 without quotes")]
    [InlineData("0", "'0' is out of range; write a whole number from 1 to 8")]
    [InlineData("9", "'9' is out of range; write a whole number from 1 to 8")]
    [InlineData("99999999999999999999", "'99999999999999999999' is out of range; write a whole number from 1 to 8")]
    public void Wrong_whole_numbers(string text, string sentence) => Check(text, sentence, node => node.AsInt(1, 8));

    [Fact]
    public void Open_ranges_say_only_what_matters()
    {
        Check("0", "'0' is out of range; write a whole number of at least 1", node => node.AsInt(1));
        Check("9", "'9' is out of range; write a whole number of at most 8", node => node.AsInt(max: 8));
        Check("3000000000", "'3000000000' is out of range; write a whole number from 1 to 2147483647", node => node.AsInt(1));
    }

    [Theory]
    [InlineData("nan", "expected a number such as 0.5, not 'nan'")]
    [InlineData(".inf", "expected a number such as 0.5, not '.inf'")]
    [InlineData("Infinity", "expected a number such as 0.5, not 'Infinity'")]
    [InlineData("1e999", "'1e999' is too large to be a number")]
    [InlineData("0,5", "expected a number such as 0.5, not '0,5'")]
    [InlineData("50%", "expected a number such as 0.5, not '50%'")]
    [InlineData("\"0.5\"", "expected a number such as 0.5, but '0.5' is text because of its quotes; write 0.5 without quotes")]
    [InlineData("1.5", "'1.5' is out of range; write a number from 0 to 1")]
    public void Wrong_numbers(string text, string sentence) => Check(text, sentence, node => node.AsNumber(0, 1));

    [Theory]
    [InlineData("yes", "expected true or false, not 'yes'")]
    [InlineData("True", "expected true or false, not 'True'")]
    [InlineData("1", "expected true or false, not '1'")]
    [InlineData("'true'", "expected true or false, but 'true' is text because of its quotes; write true without quotes")]
    public void Wrong_booleans(string text, string sentence) => Check(text, sentence, node => node.AsBool());

    [Theory]
    [InlineData("250", "'250' has no unit; write a time such as 250ms")]
    [InlineData("fast", "expected a time such as 250ms, not 'fast'")]
    [InlineData("[1s]", "expected a time such as 250ms, not a list")]
    [InlineData("-1s", "'-1s' is out of range; write a time from 0s to 36500d")]
    [InlineData("5sec", "'sec' is no unit of time (example: 250ms); did you mean 's'? Known: d, h, min, s, ms, us, ns")]
    [InlineData("999999d", "'999999d' is out of range; write a time from 0s to 36500d")]
    public void Wrong_times(string text, string sentence) => Check(text, sentence, node => node.AsDuration());

    [Fact]
    public void Wrong_sizes_and_rates()
    {
        Check("80", "'80' has no unit; write a size such as 80GB", node => node.AsBytes());
        Check("99EB", "'99EB' is out of range; write a size from 0B to 9EB", node => node.AsBytes());
        Check("1/min", "'1/min' is out of range; write a rate of at least 1/s", node => node.AsQuantity(Quantity.Rate, 1));
    }

    [Fact]
    public void Wrong_names_lists_and_mappings()
    {
        Check("darkred", "unknown name 'darkred'; did you mean 'dark-red'? Known: dark-red, blue", node => node.AsChoice<Color>());
        Check("x", "expected a list, not 'x'", node => node.AsList());
        Check("[x]", "expected a mapping (key: value), not a list", node => node.AsMap());
    }

    [Fact]
    public void Long_texts_are_cut_in_errors() =>
        Check(new string('x', 100), $"expected true or false, not '{new string('x', 59)}…'", node => node.AsBool());

    private static void Check(string text, string sentence, Action<Node> read) =>
        Assert.Equal("s.yaml:1:" + (text.Length == 0 ? "3" : "4") + ": k: " + sentence, Errors.Of(() => read(Value(text))));
}
