using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Live.Metrics;

namespace Orrery.Live.Tests.Metrics;

public sealed class RequestTracingTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = "b7ad6b7169203331";

    [Fact]
    public async Task ASpanContinuesTheClientsTraceAndReachesTheCollector()
    {
        List<byte[]> received = [];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using WebApplication collector = builder.Build();
        collector.MapPost("/v1/traces", async (HttpContext context) =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            lock (received) received.Add(body.ToArray());
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        using (RequestTracing tracing = RequestTracing.To(new(collector.Urls.Single()), "1.2.3"))
        {
            RequestTrace trace = tracing.Begin("chat", "tiny", RequestLogTests.Entry.Time, $"00-{Trace}-{Parent}-01");
            trace.Asks(100, 0.5, null, 2);
            Assert.StartsWith($"00-{Trace}-", trace.TraceParent, StringComparison.Ordinal);
            Assert.Null(Activity.Current);
            trace.End(RequestLogTests.Entry);
            // A client that does not want to be traced is not.
            Assert.Null(tracing.Begin("chat", "quiet", RequestLogTests.Entry.Time, $"00-{Trace}-{Parent}-00").TraceParent is { } id && id.EndsWith("-01", StringComparison.Ordinal) ? id : null);
            // Nonsense begins a trace of its own.
            Assert.DoesNotContain(Trace, tracing.Begin("chat", "tiny", RequestLogTests.Entry.Time, "nonsense").TraceParent, StringComparison.Ordinal);
        }
        byte[] sent = Assert.Single(received);
        string text = Encoding.UTF8.GetString(sent);
        foreach (string name in (string[])["chat tiny", "gen_ai.request.model", "gen_ai.request.max_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.latency.time_to_first_token", "scheduled", "first_token", "orrery", "1.2.3"])
            Assert.Contains(name, text, StringComparison.Ordinal);
        Assert.True(sent.AsSpan().IndexOf(Convert.FromHexString(Trace)) > 0);
        Assert.True(sent.AsSpan().IndexOf(Convert.FromHexString(Parent)) > 0);
        Assert.DoesNotContain("team", text, StringComparison.Ordinal);
        Assert.DoesNotContain("quiet", text, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAnEndpointNothingIsTraced()
    {
        RequestTrace trace = RequestTracing.Off.Begin("chat", "tiny", RequestLogTests.Entry.Time);
        trace.Asks(1, null, null, 1);
        trace.End(RequestLogTests.Entry);
        Assert.Null(trace.TraceParent);
    }

    [Fact]
    public void ACollectorThatIsNotThereHoldsNothingUp()
    {
        using RequestTracing tracing = RequestTracing.To(new("http://127.0.0.1:9"), "0");
        tracing.Begin("embeddings", "tiny", RequestLogTests.Entry.Time).End(RequestLogTests.Entry with { Status = 503, Error = "draining" });
    }
}
