using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Routing;

namespace Orrery.Live.Gateway;

/// <summary>Reads what <see cref="GatewaySettings"/> describes.</summary>
internal static class GatewayReader
{
    private const int MostUpstreams = 1024;
    private const int HighestWeight = 1000;

    /// <summary>Timers of the runtime end near 49 days; a day is long for everything here.</summary>
    private static readonly Duration LongestTime = Duration.FromHours(24);

    public static GatewaySettings Read(Node? gateway, Node upstreams, Func<string, string?> environment)
    {
        GatewaySettings settings = gateway is null ? new() : ReadGateway(gateway.AsMap());
        IReadOnlyList<Node> items = upstreams.AsList();
        if (items.Count == 0) throw upstreams.Error("the list has no upstream; write for example [{name: gpu-0, url: 'http://127.0.0.1:8000'}]");
        if (items.Count > MostUpstreams) throw upstreams.Error($"at most {MostUpstreams} upstreams can be served");
        List<UpstreamSettings> read = [];
        foreach (Node item in items)
        {
            UpstreamSettings upstream = ReadUpstream(item, environment);
            if (read.Any(other => other.Name == upstream.Name))
                throw item.Error($"another upstream is called '{upstream.Name}' already; give each a name of its own");
            read.Add(upstream);
        }
        return settings with { Upstreams = read };
    }

    private static GatewaySettings ReadGateway(MapReader map)
    {
        GatewaySettings settings = GatewaySettings.Set.Read(map);
        foreach (string key in (string[])["deadline", "metricsEvery", "silence"]) RequireTime(map, key);
        Node? router = map.Optional("router");
        MapReader? health = map.Map("health");
        MapReader? breaker = map.Map("breaker");
        MapReader? pace = map.Map("pace");
        Node? quotas = map.Optional("quotas");
        map.Done();
        if (router is not null) settings = settings with { Router = Routers.Registry.Read(router) };
        if (health is not null)
        {
            settings = settings with { Health = HealthSettings.Set.Read(health) };
            RequireTime(health, "every");
            RequireTime(health, "timeout");
            if (health.Optional("path") is { } path) RequirePath(path);
            health.Done();
        }
        if (breaker is not null)
        {
            settings = settings with { Breaker = BreakerSettings.Set.Read(breaker) };
            RequireTime(breaker, "open");
            breaker.Done();
        }
        if (pace is not null)
        {
            settings = settings with { PaceTokensPerSecond = ReadPace(pace.Required("tokensPerSecond")) };
            pace.Done();
        }
        return quotas is null ? settings : settings with { Quotas = ReadQuotas(quotas) };
    }

    private static double ReadPace(Node node)
    {
        // Slower than a word in ten seconds nobody reads; faster than this a timer cannot tell tokens apart.
        const double slowest = 0.1;
        const double fastest = 1000;
        return node.AsNumber(slowest, fastest);
    }

    private static Dictionary<string, QuotaSettings> ReadQuotas(Node node)
    {
        node.AsMap();
        Dictionary<string, QuotaSettings> quotas = [];
        foreach ((string client, Node value) in node.Entries)
        {
            MapReader map = value.AsMap();
            quotas.Add(client, QuotaSettings.Set.Read(map));
            map.Done();
        }
        return quotas;
    }

    private static UpstreamSettings ReadUpstream(Node node, Func<string, string?> environment)
    {
        MapReader map = node.AsMap();
        Node name = map.Required("name");
        Node url = map.Required("url");
        Node? models = map.Optional("models");
        Node? aliases = map.Optional("aliases");
        Node? variable = map.Optional("keyEnvironment");
        int weight = map.Int("weight", 1, 1, HighestWeight);
        Node? healthPath = map.Optional("healthPath");
        Node? metricsPath = map.Optional("metricsPath");
        map.Done();
        UpstreamSettings settings = new()
        {
            Name = Filled(name),
            Url = ReadUrl(url),
            Models = models is null ? null : ReadModels(models),
            Key = variable is null ? null : ReadKey(variable, environment),
            Weight = weight,
            HealthPath = healthPath is null ? null : RequirePath(healthPath),
        };
        if (metricsPath is not null) settings = settings with { MetricsPath = RequirePath(metricsPath) };
        return aliases is null ? settings : settings with { Aliases = ReadAliases(aliases, settings.Models) };
    }

    private static Uri ReadUrl(Node node)
    {
        string text = Filled(node).TrimEnd('/');
        // The address that OpenAI clients are given ends so.
        if (text.EndsWith("/v1", StringComparison.Ordinal)) text = text[..^"/v1".Length];
        bool isUsable = Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https";
        if (!isUsable) throw node.Error($"expected an address such as http://127.0.0.1:8000, not {node.Describe()}");
        // What stands there may be a password, so the message does not repeat it.
        if (url!.UserInfo.Length > 0) throw node.Error("an address holds no user or password; put the key into an environment variable and name it as keyEnvironment");
        if (url.Query.Length > 0 || url.Fragment.Length > 0) throw node.Error("the address has no ? and no #; write it up to the path, such as http://127.0.0.1:8000");
        return url;
    }

    private static UpstreamKey ReadKey(Node node, Func<string, string?> environment)
    {
        string variable = Filled(node);
        string? key = environment(variable)?.Trim();
        if (string.IsNullOrEmpty(key)) throw node.Error($"the environment variable {variable} is not set; set it to the upstream's API key, or leave keyEnvironment out");
        // The text of the key stays out of the message.
        if (key.Any(c => c is < '!' or > '~')) throw node.Error($"the environment variable {variable} has characters that no header can hold; set it to the key alone");
        return new(key);
    }

    private static IReadOnlyList<string> ReadModels(Node node)
    {
        IReadOnlyList<Node> items = node.AsList();
        if (items.Count == 0) throw node.Error("the list names no model; name those it serves, or leave the key out to ask the upstream");
        return [.. items.Select(Filled).Distinct()];
    }

    private static Dictionary<string, string> ReadAliases(Node node, IReadOnlyList<string>? models)
    {
        node.AsMap();
        Dictionary<string, string> aliases = [];
        foreach ((string served, Node own) in node.Entries)
        {
            if (models is not null) own.AsOneOf([.. models], "model of this upstream");
            aliases.Add(served, Filled(own));
        }
        return aliases;
    }

    private static string Filled(Node node)
    {
        string text = node.AsText();
        return text.Length > 0 ? text : throw node.Error("expected text, but the text is empty");
    }

    private static string RequirePath(Node node)
    {
        string path = node.AsText();
        return path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal)
            ? path
            : throw node.Error($"expected a path such as /health, not {node.Describe()}");
    }

    private static void RequireTime(MapReader map, string key)
    {
        if (map.Optional(key) is not { } node) return;
        Duration time = node.AsDuration();
        if (time < Duration.FromMilliseconds(1) || time > LongestTime) throw node.Error($"{node.Describe()} is out of range; write a time from 1ms to 24h");
    }
}
