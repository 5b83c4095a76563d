using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Specs;

/// <summary>The <c>traffic:</c> block of a scenario as data; <see cref="Open"/> makes the source that plays it.</summary>
public abstract record TrafficSpec
{
    /// <summary>Name of the generator, or the file.</summary>
    public required string Name { get; init; }

    /// <summary>The traffic of this spec; the same stream gives the same requests.</summary>
    /// <exception cref="Kernel.InputException">A trace file is missing or malformed.</exception>
    public abstract ITrafficSource Open(RandomStream random);

    /// <summary>Reads a <c>traffic:</c> block: either <c>file:</c> or <c>generator:</c>.</summary>
    /// <param name="node">The block.</param>
    /// <param name="folder">Folder that relative file names start from: the scenario's; "" = the current one.</param>
    /// <exception cref="Kernel.InputException">Unknown key, wrong value; the message gives the place and the remedy.</exception>
    public static TrafficSpec Read(Node node, string folder = "")
    {
        MapReader map = node.AsMap();
        if (map.Optional("generator") is not { } generator)
        {
            if (!map.Has("file")) throw node.Error("needs either 'generator' (for example poisson) or 'file' (a trace)");
            TrafficSpec trace = TraceSpec.Read(map, folder);
            map.Done();
            return trace;
        }
        string name = generator.AsText();
        if (map.Has("file") && name != GeneratorInfo.ServeGen)
            throw map.Required("file").Error("a traffic block has either 'generator' or 'file'; remove one");
        if (FittedTraffic.Names.Contains(name)) return ReadOver(FittedTraffic.Load(name).Traffic, node, folder) with { Name = name };
        GeneratorInfo info = GeneratorInfo.Find(name)
            ?? throw generator.Error($"generator '{name}' is not known{Kernel.Names.Suggest(name, GeneratorInfo.AllNames)}");
        TrafficSpec spec = ReadGenerator(info.Name, map, folder);
        map.Done();
        return spec with { Name = name };
    }

    /// <summary>A fitted block with the scenario's keys over it. A limit of the scenario replaces the fit's own length.</summary>
    internal static TrafficSpec ReadOver(Node fitted, Node scenario, string folder)
    {
        bool isLimited = scenario["requests"] is not null || scenario["duration"] is not null;
        var entries = new List<KeyValuePair<string, Node>>();
        foreach (KeyValuePair<string, Node> entry in fitted.Entries)
        {
            bool isReplaced = scenario[entry.Key] is not null && entry.Key != "generator";
            if (!isReplaced && !(isLimited && entry.Key == "duration")) entries.Add(entry);
        }
        entries.AddRange(scenario.Entries.Where(entry => entry.Key != "generator"));
        return Read(Node.Map(entries), folder);
    }

    private static TrafficSpec ReadGenerator(string name, MapReader map, string folder) => name switch
    {
        "closed-loop" => ClosedLoopSpec.Read(map),
        "sessions" => SessionSpec.Read(map),
        "prefix-tree" => PrefixTreeSpec.Read(map),
        JobSpec.Generator => JobSpec.Read(map),
        "many-clients" => ManyClientSpec.Read(map),
        GeneratorInfo.ServeGen => ServeGenSpec.Read(map, folder),
        _ => OpenLoopSpec.Read(name, map),
    };

    /// <summary>How long to go on: <c>requests:</c>, <c>duration:</c> or both.</summary>
    internal static TrafficBudget ReadBudget(MapReader map)
    {
        long? requests = map.Optional("requests")?.AsLong(1);
        Duration duration = map.Duration("duration", Duration.Infinite);
        if (requests is null && duration.IsInfinite)
            throw map.Node.Error("needs 'requests' (for example 10000) or 'duration' (for example 10min)");
        if (duration == Duration.Zero) throw map.Required("duration").Error("must be longer than 0s");
        return new TrafficBudget(requests, duration);
    }
}
