using System.Text.Json;
using Orrery.Engine.Templates;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Templates;

public sealed class ChatTemplateTests
{
    private const string Variables = """{"s":"Hello World","n":3,"m":-7,"f":2.5,"l":[3,1,2],"ls":["b","A","c"],"d":{"b":1,"a":"x"},"ld":[{"a":1,"n":"x"},{"a":2}],"x":" \t pad\n ","u":"Grüße 😀x","no":null}""";

    /// <summary>What Jinja 3.1.6 prints for the same template and variables.</summary>
    [Theory]
    [InlineData("{{ 7 // -2 }} {{ m % 3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 2 ** 10 }} {{ -2 ** 2 }}", "-4 2 3.5 2.0 1024 4")]
    [InlineData("{{ none }} {{ true }} {{ 1.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 123456.789 }} {{ [1, 'a', none] }} {{ ('x',) }}", "None True 1.0 1e+16 1e-05 123456.789 [1, 'a', None] ('x',)")]
    [InlineData("{{ s[::-1] }} {{ l[-1] }} {{ l[1:] }} {{ l[::-1] }} {{ u[-2] }} {{ u|length }}", "dlroW olleH 2 [1, 2] [2, 1, 3] 😀 8")]
    [InlineData("[{{ undef }}] {{ undef is defined }} {{ d.zzz is undefined }} {{ undef|default('D') }} {{ ''|default('D', true) }}", "[] False True D D")]
    [InlineData("{{ x|trim }}|{{ x.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,c'.split(',', 1) }}|{{ ' a  b '.split() }}", "pad|pad|a|['a', 'b,c']|['a', 'b']")]
    [InlineData("{{ d|tojson }} {{ d.items()|list }} {{ d|dictsort }} {{ d.get('q', 5) }}", """{"b": 1, "a": "x"} [('b', 1), ('a', 'x')] [('a', 'x'), ('b', 1)] 5""")]
    [InlineData("{{ ld|map(attribute='n')|list }} {{ ld|selectattr('n', 'defined')|map(attribute='a')|join(';') }} {{ l|sort|join }} {{ ls|sort }} {{ l|sum }} {{ l|max }}", "['x', Undefined] 1 123 ['A', 'b', 'c'] 6 3")]
    [InlineData("{{ 'a\\tb\\x41\\u00e9\\q' }}", "a\tbAé\\q")]
    [InlineData("{{ 1 < 2 <= 2 }} {{ 'a' in s }} {{ 'H' in s }} {{ 3 not in l }} {{ n is odd }} {{ n is divisibleby 3 }} {{ n is equalto 3 }}", "True False True False True True True")]
    [InlineData("{% for k in l if k > 1 %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% else %}none{% endfor %}", "1/2,2/2")]
    [InlineData("{% for k in [] %}x{% else %}none{% endfor %}", "none")]
    [InlineData("{% set n = 1 %}{% for k in l %}{% set n = n + k %}{% endfor %}{{ n }}", "1")]
    [InlineData("{% set ns = namespace(t=0) %}{% for k in l %}{% if k == 1 %}{% continue %}{% endif %}{% set ns.t = ns.t + k %}{% endfor %}{{ ns.t }}", "5")]
    [InlineData("{% macro m(a, b='B') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}{{ m(b=3, a=4) }}", "<1B><12><43>")]
    [InlineData("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}", "<in>")]
    [InlineData("{% set t | upper %}a{{ n }}{% endset %}{{ t }}", "A3")]
    [InlineData("  {% if true %}\n  a\n  {% endif %}\n  b", "  a\n  b")]
    [InlineData("x  {%- if true -%}  a  {%- endif -%}  y", "xay")]
    [InlineData("x {%+ if true %} {# c #}\na{% endif %}\n\ny\n", "x  a\ny")]
    [InlineData("{{ {'a': {'b': 1}}['a']['b'] }}{{ '}}' }}", "1}}")]
    [InlineData("{{ 'it' if no else 'none' }}{{ 'nothing' if no }}{{ not no and s or 'z' }}", "noneHello World")]
    [InlineData("{{ d|tojson(indent=2) }}", "{\n  \"b\": 1,\n  \"a\": \"x\"\n}")]
    [InlineData("{{ range(5, 0, -2)|list }} {{ s|title }} {{ 'o\\'neil x'.title() }} {{ 'o\\'neil x'|title }}", "[5, 3, 1] Hello World O'Neil X O'neil X")]
    public void Prints_what_Jinja_prints(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("a\n{% include 'x' %}", "Chat template of t, line 2, column 4: the statement 'include' is outside the subset of Jinja that is read here")]
    [InlineData("{{ s|wordwrap }}", "Chat template of t, line 1, column 5: no filter 'wordwrap'")]
    [InlineData("{{ s is odder }}", "Chat template of t, line 1, column 6: no test 'odder'; did you mean 'odd'?")]
    [InlineData("{{ s.format(1) }}", "the method 'format' of a string is outside the subset")]
    [InlineData("{% for a in l recursive %}{% endfor %}", "'recursive' of a for is outside the subset")]
    [InlineData("{{ undef.a }}", "Chat template of t, line 1, column 9: 'undef' does not exist, so it has no 'a'")]
    [InlineData("{{ s + 1 }}", "'+' has no meaning between a string and a whole number")]
    [InlineData("{% if true %}", "'if' is never closed by 'endif'")]
    [InlineData("{{ 'a }}", "the string is never closed")]
    [InlineData("{{ (1 }}", "'}' closes nothing")]
    [InlineData("{% endfor %}", "'endfor' closes nothing")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "does not fit into 64 bits")]
    [InlineData("{{ 1 // 0 }}", "a division by zero")]
    [InlineData("{{ [1, 'a']|sort }}", "have no order")]
    public void Names_what_is_wrong_and_where(string template, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => Render(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(t='0123456789') %}{% for a in range(100) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(100) %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.t }}")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(100) %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.t|tojson }}")]
    [InlineData("{% set ns = namespace(t=[1], u=[1]) %}{% for a in range(100) %}{% set ns.t = [ns.t, ns.t] %}{% set ns.u = [ns.u, ns.u] %}{% endfor %}{{ ns.t == ns.u }}")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(90000) %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.t }}")]
    [InlineData("{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(1) }}")]
    [InlineData("{{ 'x' * 1000000000000 }}")]
    [InlineData("{% set s = 'x' * 8000000 %}{% for a in range(100000) %}{% set b = s[0] %}{% endfor %}")]
    [InlineData("{% set s = 'x' * 8000000 %}{% for a in range(100000) %}{% set b = s|length %}{% endfor %}")]
    [InlineData("{% set s = 'x' * 8000000 %}{% for a in range(100000) %}{% if s.endswith('y') or 'y' in s %}{% endif %}{% endfor %}")]
    [InlineData("{{ range(1000000000) }}")]
    [InlineData("{{ 'aaaaaaaaaaaaaaaaaaaaaaaa'.replace('', 'x' * 15000000) }}")]
    public void A_hostile_template_comes_to_an_end(string template) => Assert.Throws<InputException>(() => Render(template));

    [Fact]
    public void Deep_nesting_of_source_is_an_error_and_no_crash()
    {
        Assert.Throws<InputException>(() => Render("{{ " + new string('(', 100_000) + " }}"));
        Assert.Throws<InputException>(() => Render("{{ " + string.Concat(Enumerable.Repeat("not ", 100_000)) + "1 }}"));
        Assert.Throws<InputException>(() => Render("{{ " + string.Concat(Enumerable.Repeat("1+", 100_000)) + "1 }}"));
        Assert.Throws<InputException>(() => Render(string.Concat(Enumerable.Repeat("{% if 1 %}", 100_000))));
    }

    [Fact]
    public void Chatml_is_the_fall_back()
    {
        string text = ChatTemplate.ChatMl.Render([new("system", "Be terse."), new("user", "Hi")], new ChatTemplateOptions());
        Assert.Equal("<|im_start|>system\nBe terse.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", text);
    }

    [Fact]
    public void Parts_become_lines_where_the_template_does_not_go_through_them()
    {
        var message = new ChatMessage("user", null) { Parts = [new("text", "a"), new("text", "b")] };
        Assert.Equal("a\nb", ChatTemplate.Parse("{{ messages[0].content }}", "t").Render([message], new ChatTemplateOptions()));
        var template = ChatTemplate.Parse("{% for p in messages[0].content %}<{{ p.text }}>{% endfor %}", "t");
        Assert.True(template.TakesParts);
        Assert.Equal("<a><b>", template.Render([message], new ChatTemplateOptions()));
        var image = new ChatMessage("user", null) { Parts = [new("image", null)] };
        Assert.Contains("'image'", Assert.Throws<InputException>(() => ChatTemplate.ChatMl.Render([image], new ChatTemplateOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_time_is_the_caller_s()
    {
        var template = ChatTemplate.Parse("{{ strftime_now('%-d %B %Y, %H:%M') if strftime_now is defined else 'no clock' }}", "t");
        Assert.Equal("no clock", template.Render([], new ChatTemplateOptions()));
        Assert.Equal("5 March 2026, 14:07", template.Render([], new ChatTemplateOptions { Now = new DateTime(2026, 3, 5, 14, 7, 9) }));
    }

    private static string Render(string template)
    {
        using JsonDocument document = JsonDocument.Parse(Variables);
        var variables = document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value);
        return ChatTemplate.Parse(template, "t").Render([], new ChatTemplateOptions { Variables = variables });
    }
}
