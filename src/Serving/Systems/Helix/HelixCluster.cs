using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Chains;

namespace Orrery.Serving.Systems.Helix;

/// <summary>A machine of the cluster.</summary>
/// <param name="Name">For tables, such as <c>l4 3</c>.</param>
/// <param name="Kind">Kind of machine.</param>
/// <param name="Region">Where it stands, from 0.</param>
public sealed record HelixNode(string Name, string Kind, int Region);

/// <summary>Machines in one region or several; every pair of ends is connected, the coordinator is end -1 and stands in a region of its own when
/// there are several.</summary>
public sealed class HelixCluster
{
    /// <summary>A link of the single-cluster setting (b: the artefact's unit of bandwidth is 10⁹ bytes per second).</summary>
    public const double SingleBytesPerSecond = 1e9;

    /// <summary>Within a region of several (b): ± <see cref="InRegionSpread"/>.</summary>
    public const double InRegionBytesPerSecond = 1.25e9;

    public const double InRegionSpread = 0.125e9;

    /// <summary>Between regions (b): ± <see cref="BetweenSpread"/>.</summary>
    public const double BetweenBytesPerSecond = 12.5e6;

    public const double BetweenSpread = 2.5e6;

    /// <summary>One way, within a cluster or region (b).</summary>
    public const double NearSeconds = 0.001;

    /// <summary>One way, between regions (b): ± <see cref="FarSpread"/>.</summary>
    public const double FarSeconds = 0.05;

    public const double FarSpread = 0.01;

    /// <summary>A machine's network card, each way (b).</summary>
    public const double PortBytesPerSecond = 10e9;

    /// <summary>The clusters of the paper (b).</summary>
    public static readonly IReadOnlyDictionary<string, string> Published = new Dictionary<string, string>
    {
        ["single-24"] = "4 a100-40, 8 l4, 12 t4",
        ["geo-24"] = "4 a100-40 | 2 l4, 8 t4 | 6 l4, 4 t4",
        ["hetero-42"] = "4 a100-40, 6 v100, 8 l4, 4 l4x2, 10 t4, 6 t4x2, 4 t4x4",
    };

    private readonly ChainLink[] _links;

    private HelixCluster(IReadOnlyList<HelixNode> nodes, RandomStream random)
    {
        Nodes = nodes;
        Regions = nodes.Max(node => node.Region) + 1;
        int ends = nodes.Count + 1;
        _links = new ChainLink[ends * ends];
        for (int from = -1; from < nodes.Count; from++)
        {
            for (int to = -1; to < nodes.Count; to++) _links[((from + 1) * ends) + to + 1] = Draw(from, to, random);
        }
    }

    public IReadOnlyList<HelixNode> Nodes { get; }

    public int Regions { get; }

    /// <summary>How many machines of each kind there are.</summary>
    public IReadOnlyDictionary<string, int> Counts => Nodes.GroupBy(node => node.Kind).ToDictionary(kind => kind.Key, kind => kind.Count());

    /// <summary>The connection from one end to another.</summary>
    public ChainLink Link(int from, int to) => _links[((from + 1) * (Nodes.Count + 1)) + to + 1];

    /// <summary>Reads a published name or a list such as <c>4 a100-40, 8 l4 | 12 t4</c>, regions apart by a bar.</summary>
    /// <param name="text">As the option has it.</param>
    /// <param name="kinds">Kinds of machine that have cost tables.</param>
    /// <param name="random">For the spread of links between regions.</param>
    /// <exception cref="InputException">Not a name and not a list; the sentence says what to write.</exception>
    public static HelixCluster Parse(string text, IReadOnlyCollection<string> kinds, RandomStream random)
    {
        string list = Published.GetValueOrDefault(text.Trim(), text);
        List<HelixNode> nodes = [];
        Dictionary<string, int> numbers = [];
        string[] regions = list.Split('|', StringSplitOptions.TrimEntries);
        for (int region = 0; region < regions.Length; region++)
        {
            foreach (string part in regions[region].Split(',', StringSplitOptions.TrimEntries))
            {
                string[] words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length != 2 || !int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > 1000)
                {
                    throw new InputException($"cluster: '{part}' is neither a published cluster ({string.Join(", ", Published.Keys)}) nor a number and a kind;"
                        + " write for example `4 a100-40, 8 l4, 12 t4`, with a bar between regions");
                }
                if (!kinds.Contains(words[1])) throw new InputException($"cluster: there are no cost tables of '{words[1]}'{Names.Suggest(words[1], kinds)}");
                for (int i = 0; i < count; i++)
                {
                    int number = numbers[words[1]] = numbers.GetValueOrDefault(words[1]) + 1;
                    nodes.Add(new HelixNode($"{words[1]} {number}", words[1], region));
                }
            }
        }
        return new HelixCluster(nodes, random);
    }

    private ChainLink Draw(int from, int to, RandomStream random)
    {
        if (Regions == 1) return new ChainLink(new BytesPerSecond(SingleBytesPerSecond), Duration.FromSeconds(NearSeconds));
        bool near = from >= 0 && to >= 0 && Nodes[from].Region == Nodes[to].Region;
        double speed = (2 * random.Keyed(from, to)) - 1;
        double way = (2 * random.Keyed(from, to + 1_000_000L)) - 1;
        return near
            ? new ChainLink(new BytesPerSecond(InRegionBytesPerSecond + (speed * InRegionSpread)), Duration.FromSeconds(NearSeconds))
            : new ChainLink(new BytesPerSecond(BetweenBytesPerSecond + (speed * BetweenSpread)), Duration.FromSeconds(FarSeconds + (way * FarSpread)));
    }
}
