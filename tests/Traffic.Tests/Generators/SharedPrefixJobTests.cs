using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Generators;

/// <summary>Offline jobs: what every request holds, and that the order changes nothing else.</summary>
public class SharedPrefixJobTests
{
    private const string Job = "generator: shared-prefix-job, documents: 20, degree: 5, prefix: {uniform: {min: 100, max: 200}}, prompt: {uniform: {min: 5, max: 30}}, output: {uniform: {min: 2, max: 9}}";

    [Fact]
    public void Every_document_stands_in_front_of_its_queries()
    {
        List<Request> requests = Open($"{{{Job}}}");
        Assert.Equal(100, requests.Count);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), requests.Select(r => r.Id));
        Assert.All(requests, r => Assert.Equal(Instant.Zero, r.Arrival));
        Assert.All(requests, r => Assert.InRange(r.PromptTokens - Assert.Single(r.Content!).Tokens, 5, 30));
        IGrouping<TokenSpan, Request>[] documents = [.. requests.GroupBy(r => r.Content![0])];
        Assert.Equal(20, documents.Length);
        Assert.All(documents, d => Assert.Equal(5, d.Count()));
        Assert.All(documents, d => Assert.InRange(d.Key.Tokens, 100, 200));
    }

    [Fact]
    public void Both_orders_hold_the_same_requests()
    {
        List<Request> shuffled = Open($"{{{Job}}}");
        List<Request> sorted = Open($"{{{Job}, order: sorted}}");
        Assert.Equal(20, 1 + sorted.Zip(sorted.Skip(1)).Count(pair => pair.First.Content![0] != pair.Second.Content![0]));
        Assert.True(shuffled.Zip(shuffled.Skip(1)).Count(pair => pair.First.Content![0] != pair.Second.Content![0]) > 80);
        Assert.Equal(sorted.Select(Key).Order(), shuffled.Select(Key).Order());

        static (ulong, int, int) Key(Request r) => (r.Content![0].ContentId, r.PromptTokens, r.OutputTokens);
    }

    [Fact]
    public void Degrees_vary_and_a_budget_shortens_the_job()
    {
        string job = Job.Replace("degree: 5", "degree: {choice: {values: [1, 7], weights: [1, 1]}}", StringComparison.Ordinal);
        Assert.Equal([1, 7], Open($"{{{job}}}").GroupBy(r => r.Content![0].ContentId).Select(d => d.Count()).Distinct().Order());
        Assert.Equal(30, Open($"{{{Job}, requests: 30}}").Count);
    }

    [Theory]
    [InlineData("order: random", "order")]
    [InlineData("documents: 0", "documents")]
    [InlineData("degree: 0", "degree")]
    [InlineData("documents: 9000000, degree: 1000000", "lower 'documents' or 'degree'")]
    public void Mistakes_are_named(string change, string part)
    {
        string[] keys = [.. change.Split(", ").Select(c => c.Split(':')[0])];
        string rest = string.Join(", ", "generator: shared-prefix-job, documents: 20, degree: 5, prefix: 100, prompt: 5, output: 2".Split(", ").Where(k => !keys.Contains(k.Split(':')[0])));
        InputException error = Assert.Throws<InputException>(() => Sources.Spec($"{{{rest}, {change}}}"));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static List<Request> Open(string yaml) => Sources.All(Sources.Spec(yaml).Open(RandomStream.Root(3)));
}
