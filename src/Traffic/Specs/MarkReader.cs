using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Marks;

namespace Orrery.Traffic.Specs;

/// <summary>
/// What requests carry: <c>clients</c>, <c>priorities</c>, <c>prefixGroups</c>, <c>adapters</c>, <c>calls</c>, <c>maxTokens</c>,
/// <c>timeout</c>, <c>patience</c>.
/// </summary>
internal static class MarkReader
{
    private const int MostClients = 1_000_000;

    internal static RequestMarks Read(MapReader map) => new()
    {
        Clients = Clients(map.Optional("clients")),
        Priorities = Priorities(map.Optional("priorities")),
        Prefix = Prefix(map.Map("prefixGroups")),
        Adapters = Adapters(map.Map("adapters")),
        Calls = Calls(map.Map("calls")),
        MaxTokens = map.Int("maxTokens", 0, 0, Readers.Formats.Limits.MaxTokens),
        Timeout = map.Duration("timeout", Duration.Infinite),
        PatienceSeconds = map.Optional("patience") is { } patience ? DistributionReader.ReadSeconds(patience) : null,
    };

    /// <summary>The same for generators that know their outputs beforehand, because later prompts repeat them.</summary>
    internal static RequestMarks ReadWithoutCalls(MapReader map)
    {
        if (map.Optional("calls") is { } calls)
            throw calls.KeyError("this generator draws no tool calls; use one without history, such as poisson, or a trace with a column 'calls'");
        return Read(map);
    }

    internal static CallMarks? Calls(MapReader? map)
    {
        if (map is null) return null;
        CallMarks marks = new(
            DistributionReader.ReadTokens(map.Required("count"), least: 0),
            DistributionReader.ReadTokens(map.Required("tokens")),
            DistributionReader.ReadSeconds(map.Required("duration")),
            map.Optional("return") is { } returned ? DistributionReader.ReadTokens(returned, least: 0) : new Constant(0));
        map.Done();
        return marks;
    }

    private static IReadOnlyList<ClientShare> Clients(Node? node)
    {
        if (node is null) return [];
        if (node.Kind == NodeKind.Mapping)
        {
            MapReader zipf = node.AsMap();
            int count = zipf.Required("count").AsInt(1, MostClients);
            double skew = zipf.Number("skew", 0, 0, 20);
            zipf.Done();
            return [.. Enumerable.Range(1, count).Select(rank => new ClientShare($"client-{rank}", Math.Pow(rank, -skew)))];
        }
        var clients = new List<ClientShare>();
        foreach (Node item in node.AsList())
        {
            MapReader map = item.AsMap();
            clients.Add(new ClientShare(map.Text("name"), map.Number("weight", 1, 0), map.Optional("priority")?.AsInt()));
            map.Done();
        }
        return clients.Sum(c => c.Weight) > 0
            ? clients
            : throw node.Error("needs at least one client with a positive weight, or {count: 100, skew: 1}");
    }

    private static List<PriorityShare> Priorities(Node? node)
    {
        var shares = new List<PriorityShare>();
        if (node is null) return shares;
        foreach (Node item in node.AsList())
        {
            MapReader map = item.AsMap();
            shares.Add(new PriorityShare(map.Int("priority"), map.Number("weight", 1, 0)));
            map.Done();
        }
        return shares.Sum(s => s.Weight) > 0
            ? shares
            : throw node.Error("needs at least one priority with a positive weight, for example [{priority: 0, weight: 0.1}, {priority: 1, weight: 0.9}]");
    }

    private static PrefixMarks? Prefix(MapReader? map)
    {
        if (map is null) return null;
        var marks = new PrefixMarks(
            map.Required("count").AsInt(1, MostClients),
            DistributionReader.ReadTokens(map.Required("tokens")),
            map.Number("skew", 0, 0, 20),
            map.Number("share", 1, 0, 1));
        map.Done();
        return marks;
    }

    private static AdapterMarks? Adapters(MapReader? map)
    {
        if (map is null) return null;
        var marks = new AdapterMarks(map.Required("count").AsInt(1, MostClients), map.Number("skew", 1, 0, 20),
            map.Number("share", 1, 0, 1));
        map.Done();
        return marks;
    }
}
