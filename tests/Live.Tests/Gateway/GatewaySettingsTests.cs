using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Live.Gateway;
using Orrery.Serving.Routing;

namespace Orrery.Live.Tests.Gateway;

public sealed class GatewaySettingsTests
{
    private const string Upstream = "upstreams: [{name: a, url: 'http://127.0.0.1:8000'}]\n";

    [Fact]
    public void Everything_can_be_said()
    {
        GatewaySettings settings = Read(
            """
            gateway:
              router: {use: power-of-two, load: tokens}
              order: fair
              queue: 10
              deadline: 3s
              perUpstream: 4
              retries: 0
              health: {every: 1s, path: /ready, timeout: 500ms, failures: 3}
              breaker: {failures: 2, open: 20s}
              metricsEvery: 250ms
              silence: 1min
              pace: {tokensPerSecond: 12.5}
              quotas: {default: {requestsPerMinute: 60}, batch: {tokensPerMinute: 1000, concurrent: 2}}
            upstreams:
              - {name: a, url: 'http://10.0.0.1:8000/v1', models: [llama], aliases: {gpt: llama}, weight: 2, keyEnvironment: KEY_A}
              - {name: b, url: 'https://b.example/engine/', healthPath: /, metricsPath: /m}
            """);
        Assert.Equal(new PowerOfTwoOptions { Load = LoadMeasure.Tokens }, settings.Router);
        Assert.Equal((QueueOrder.Fair, 10, 4, 0), (settings.Order, settings.Queue, settings.PerUpstream, settings.Retries));
        Assert.Equal((Duration.FromSeconds(3), Duration.FromMilliseconds(250), Duration.FromMinutes(1)), (settings.Deadline, settings.MetricsEvery, settings.Silence));
        Assert.Equal((Duration.FromSeconds(1), "/ready", 3), (settings.Health.Every, settings.Health.Path, settings.Health.Failures));
        Assert.Equal(new BreakerSettings { Failures = 2, Open = Duration.FromSeconds(20) }, settings.Breaker);
        Assert.Equal(12.5, settings.PaceTokensPerSecond);
        Assert.Equal((60, 2), (settings.Quotas["default"].RequestsPerMinute, settings.Quotas["batch"].Concurrent));
        UpstreamSettings a = settings.Upstreams[0];
        Assert.Equal(("http://10.0.0.1:8000/", "llama", 2), (a.Url.AbsoluteUri, a.Aliases["gpt"], a.Weight));
        Assert.Equal(("/", "/m"), (settings.Upstreams[1].HealthPath, settings.Upstreams[1].MetricsPath));
        Assert.Null(settings.Upstreams[1].Models);
    }

    [Fact]
    public void Defaults_are_those_of_the_documentation()
    {
        GatewaySettings settings = Read(Upstream);
        Assert.Equal((256, 64, 2), (settings.Queue, settings.PerUpstream, settings.Retries));
        Assert.Equal((30.0, 1.0, 300.0), (settings.Deadline.Seconds, settings.MetricsEvery.Seconds, settings.Silence.Seconds));
        Assert.Equal((5.0, "/health", 2), (settings.Health.Every.Seconds, settings.Health.Path, settings.Health.Failures));
        Assert.Equal((5, 10.0), (settings.Breaker.Failures, settings.Breaker.Open.Seconds));
        Assert.Equal(new LeastLoadedOptions(), settings.Router);
    }

    [Fact]
    public void A_key_is_never_written_out()
    {
        GatewaySettings settings = Read("upstreams: [{name: a, url: 'http://127.0.0.1:1', keyEnvironment: KEY_A}]");
        Assert.DoesNotContain("sesame", settings.Upstreams[0].ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", settings.Upstreams[0].Key!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gateway: {ordre: fair}\n" + Upstream, "s.yaml:1:11: gateway.ordre: unknown key; did you mean 'order'?")]
    [InlineData("gateway: {router: least-loded}\n" + Upstream, "s.yaml:1:19: gateway.router: unknown router 'least-loded'; did you mean 'least-loaded'?")]
    [InlineData("gateway: {deadline: 0s}\n" + Upstream, "gateway.deadline: '0s' is out of range; write a time from 1ms to 24h")]
    [InlineData("gateway: {health: {path: health}}\n" + Upstream, "gateway.health.path: expected a path such as /health")]
    [InlineData("gateway: {quotas: {default: {rpm: 3}}}\n" + Upstream, "gateway.quotas.default.rpm: unknown key")]
    [InlineData("gateway: {pace: {tokensPerSecond: 0}}\n" + Upstream, "gateway.pace.tokensPerSecond: '0' is out of range")]
    [InlineData("upstreams: []", "the list has no upstream; write for example")]
    [InlineData("gateway: {queue: 3}", "the key 'upstreams' is missing")]
    [InlineData("upstreams: [{name: a, url: '127.0.0.1:8000'}]", "upstreams.0.url: expected an address such as http://127.0.0.1:8000")]
    [InlineData("upstreams: [{name: a, url: 'http://h', port: 3}]", "upstreams.0.port: unknown key")]
    [InlineData("upstreams: [{name: a, url: 'http://h'}, {name: a, url: 'http://i'}]", "upstreams.1: another upstream is called 'a' already")]
    [InlineData("upstreams: [{name: a, url: 'http://h', keyEnvironment: NONE}]", "the environment variable NONE is not set")]
    [InlineData("upstreams: [{name: a, url: 'http://h', models: [x], aliases: {y: z}}]", "upstreams.0.aliases.y: unknown model of this upstream 'z'")]
    public void Mistakes_are_told_with_their_place(string yaml, string message)
    {
        InputException mistake = Assert.Throws<InputException>(() => Read(yaml));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_in_an_address_is_refused_and_not_repeated()
    {
        InputException mistake = Assert.Throws<InputException>(() => Read("upstreams: [{name: a, url: 'http://me:sesame@h'}]"));
        Assert.DoesNotContain("sesame", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_of_one_node_takes_these_two_keys_only()
    {
        Assert.Single(GatewaySettings.Read(Document.Parse(Upstream, "s.yaml")).Upstreams);
        Assert.Throws<InputException>(() => GatewaySettings.Read(Document.Parse(Upstream + "listen: x", "s.yaml")));
    }

    private static GatewaySettings Read(string yaml)
    {
        MapReader map = Document.Parse(yaml, "s.yaml").AsMap();
        return GatewaySettings.Read(map.Optional("gateway"), map.Required("upstreams"), name => name == "KEY_A" ? "sesame" : null);
    }
}
