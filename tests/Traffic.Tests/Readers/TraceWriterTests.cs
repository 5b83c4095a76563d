using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Testing.Traffic;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Readers;

public class TraceWriterTests
{
    [Theory]
    [InlineData("{generator: poisson, rate: 20/s, requests: 300, prompt: {lognormal: {median: 512, sigma: 1}}, output: 9, clients: [{name: 'a,\"b\"'}, {name: c}], priorities: [{priority: -1}, {priority: 3}], adapters: {count: 4}, timeout: 1.234567891s, patience: {exponential: {mean: 3s}}, prefixGroups: {count: 3, tokens: 100}, maxTokens: 77}")]
    [InlineData("{generator: mooncake-conversation, requests: 300}")]
    [InlineData("{generator: azure-code-2023, requests: 300}")]
    public void What_is_written_reads_back_equal(string yaml)
    {
        using ITrafficSource first = Sources.Spec(yaml).Open(RandomStream.Root(3));
        using var file = new MemoryStream();
        Assert.Equal(300, TraceWriter.Write(first, file));
        using TraceSource read = Sources.Trace(file.ToArray());
        List<Request> original = Sources.Generate(yaml, 3);
        List<Request> back = Sources.All(read);
        // Clients are numbered by appearance when read, so names are compared.
        Assert.Equal(original.Select(r => first.ClientName(r.Client)), back.Select(r => read.ClientName(r.Client)));
        Assert.Equal(original.Select(WithoutClient), back.Select(WithoutClient));
    }

    [Fact]
    public void Calls_and_sessions_survive()
    {
        ITrafficSource source = new TraceBuilder()
            .Request(0, 30, 9, content: [new TokenSpan(5, 10), new TokenSpan(ulong.MaxValue, 20)], outputContentId: 8, session: 4,
                calls: [new ToolCall(2, Duration.FromNanoseconds(1), 3)])
            .Request(0.000000001, 1, 1)
            .Build();
        using var file = new MemoryStream();
        TraceWriter.Write(source, file);
        List<Request> back = Sources.All(Sources.Trace(file.ToArray()));
        Assert.Equal([new TokenSpan(5, 10), new TokenSpan(ulong.MaxValue, 20)], back[0].Content!);
        Assert.Equal((8UL, 4L), (back[0].OutputContentId, back[0].Session));
        Assert.Equal([new ToolCall(2, Duration.FromNanoseconds(1), 3)], back[0].Calls!);
        Assert.Equal(1, back[1].Arrival.Nanoseconds);
    }

    private static string WithoutClient(Request r)
    {
        string[] parts = Sources.Text(r).Split('|');
        parts[5] = "";
        return string.Join("|", parts);
    }
}
