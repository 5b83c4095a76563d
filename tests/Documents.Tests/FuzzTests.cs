using System.Text;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Documents.Tests;

/// <summary>Whatever the bytes, the only complaint is a designed one.</summary>
public sealed class FuzzTests
{
    private const int Seed = 7;

    private const string Scenario = """
        name: chat-on-h100
        precision: {weights: bf16, kv: bf16}
        fleet:
          - &first
            device: h100-sxm               # a comment
            replicas: 4
            scheduler: {use: sarathi-serve, tokenBudget: 512}
          - *first
        traffic:
          generator: poisson
          rate: 20/s
          prompt: {lognormal: {median: 512, sigma: 0.8, min: 16, max: 2048}}
        expect: ["p99(gap) <= 200ms", 'p50(queue) <= 2s']
        text: |
          two
          lines
        folded: >-
          "x"
        seed: 1
        """;

    private static readonly string[] Fragments =
        ["\t", "\n", "- ", ": ", "? ", "[", "]", "{", "}", "&a ", "*a", "*first", "!!int ", "!", "%YAML 1.2\n", "---\n", "...\n", "\"", "'", "|", ">", "#", "<<: *first\n", "\\u12", "\"\\uD800\"", "\"\\UFFFFFFFF\"", "\ud83e", "\0", "\uFEFF", "\u2028", "~", "1e999", ",", "\"\\", "@", "`"];

    private static readonly MetricInfo[] Metrics = [new("gap", Quantity.Duration, true), new("rejected", Quantity.Number, false)];

    [Fact]
    public void Random_bytes()
    {
        RandomStream random = RandomStream.Root(Seed).Split("fuzz-bytes");
        for (int round = 0; round < 4000; round++)
        {
            byte[] bytes = [.. Enumerable.Range(0, random.NextInt(80)).Select(_ => (byte)random.NextInt(256))];
            Survive(Encoding.Latin1.GetString(bytes));
        }
    }

    [Fact]
    public void Random_pieces_of_syntax()
    {
        RandomStream random = RandomStream.Root(Seed).Split("fuzz-pieces");
        for (int round = 0; round < 6000; round++)
            Survive(string.Concat(Enumerable.Range(0, random.NextInt(25)).Select(_ => random.NextInt(3) == 0 ? "k" : Fragments[random.NextInt(Fragments.Length)])));
    }

    [Fact]
    public void Mutations_of_a_valid_scenario()
    {
        RandomStream random = RandomStream.Root(Seed).Split("fuzz-mutations");
        for (int round = 0; round < 6000; round++)
        {
            var text = new StringBuilder(Scenario);
            for (int edit = random.NextInt(6); edit >= 0; edit--) Mutate(text, random);
            Survive(text.ToString());
        }
    }

    [Fact]
    public void Mutated_flags_and_expressions()
    {
        RandomStream random = RandomStream.Root(Seed).Split("fuzz-flags");
        Node root = Errors.Parse(Scenario);
        string[] starts = ["fleet.0.scheduler.use=vllm-v1,[a,b],{k: 'v'}", "\"a.b\".c=1", "p99(gap) <= 200ms", "rejected == 0"];
        for (int round = 0; round < 8000; round++)
        {
            var text = new StringBuilder(starts[random.NextInt(starts.Length)]);
            for (int edit = random.NextInt(4); edit >= 0; edit--) Mutate(text, random);
            string mutated = text.ToString();
            Allow(mutated, () => YamlText.Write(Overrides.Apply(root, mutated)));
            Allow(mutated, () => Overrides.ParseVary(mutated));
            Allow(mutated, () => Expectation.Parse(mutated, "--goal", Metrics));
        }
    }

    private static void Mutate(StringBuilder text, RandomStream random)
    {
        int at = random.NextInt(text.Length + 1);
        int length = Math.Min(random.NextInt(12), text.Length - at);
        switch (random.NextInt(4))
        {
            case 0: text.Remove(at, length); break;
            case 1: text.Insert(at, Fragments[random.NextInt(Fragments.Length)]); break;
            case 2: text.Insert(random.NextInt(text.Length + 1), text.ToString(at, length)); break;
            default: text.Insert(at, (char)random.NextInt(0x10000)); break;
        }
    }

    /// <summary>What parses must also be readable value by value, writable, and equal after writing.</summary>
    private static void Survive(string text) => Allow(text, () =>
    {
        Node root = Errors.Parse(text);
        Visit(root);
        if (!Node.SameTree(root, Errors.Parse(YamlText.Write(root)))) throw new InvalidOperationException("the written tree differs");
    });

    private static void Visit(Node node)
    {
        Allow(node.Text, () => node.AsDuration());
        Allow(node.Text, () => node.AsBytes());
        Allow(node.Text, () => node.AsNumber());
        Allow(node.Text, () => node.AsInt());
        Allow(node.Text, () => node.AsBool());
        Allow(node.Text, () => node.AsMap().Done());
        foreach (Node item in node.Items) Visit(item);
        foreach ((_, Node value) in node.Entries) Visit(value);
    }

    private static void Allow(string text, Action action)
    {
        try
        {
            action();
        }
        catch (InputException designed)
        {
            Assert.DoesNotContain("Exception", designed.Message, StringComparison.Ordinal);
        }
        catch (Exception other)
        {
            Assert.Fail($"{other.GetType().Name}: {other.Message} on the text: {text}\n{other.StackTrace}");
        }
    }
}
