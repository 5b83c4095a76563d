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
        if (map.Has("file") && name != ServeGenSpec.GeneratorName)
            throw map.Required("file").Error("a traffic block has either 'generator' or 'file'; remove one");
        if (FittedTraffic.Names.Contains(name)) return FittedTraffic.Read(name, node, folder);
        GeneratorInfo info = GeneratorInfo.Find(name)
            ?? throw generator.Error($"generator '{name}' is not known{Kernel.Names.Suggest(name, GeneratorInfo.AllNames)}");
        TrafficSpec spec = info.Read(map, folder);
        map.Done();
        return spec with { Name = name };
    }

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
