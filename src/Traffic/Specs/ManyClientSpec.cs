using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Specs;

/// <summary>
/// A client described by a few parameters: its share, its burstiness, how its rate wanders from window to window, its lengths.
/// </summary>
/// <param name="Name">Shown in results.</param>
/// <param name="MeanRatePerSecond">Long-run mean.</param>
/// <param name="Family">Gap family within a window.</param>
/// <param name="Cv">Its coefficient of variation.</param>
/// <param name="RateSigma">Log-normal spread of the rate over windows (mean kept).</param>
/// <param name="Activity">Share of windows in which the client sends at all; its rate then is higher by 1/activity.</param>
/// <param name="Lengths">Prompt and output.</param>
/// <param name="Profile">Relative rate per window that all clients share; repeats.</param>
/// <param name="Calls">Tool calls of its requests; null: none.</param>
public sealed record CompactClient(
    string Name, double MeanRatePerSecond, GapFamily Family, double Cv, double RateSigma, double Activity, ILengthModel Lengths,
        IReadOnlyList<double> Profile, CallMarks? Calls = null) : IClientModel
{
    public ClientWindow Window(long index, RandomStream client)
    {
        bool active = client.Keyed(index, 0) < Activity;
        // Box and Muller over keyed draws: a window's rate never depends on which windows were asked before.
        double normal = Math.Sqrt(-2 * Math.Log(1 - client.Keyed(index, 1))) * Math.Cos(2 * Math.PI * client.Keyed(index, 2));
        double wander = Math.Exp((RateSigma * normal) - (RateSigma * RateSigma / 2));
        double rate = active ? MeanRatePerSecond / Activity * wander * Profile[(int)(index % Profile.Count)] : 0;
        return new ClientWindow(rate, Family, Cv);
    }

    public ILengthModel LengthsAt(double seconds) => Lengths;
}

/// <summary>The sum of clients; groups expand to several alike ones.</summary>
public sealed record ManyClientSpec : TrafficSpec
{
    public required IReadOnlyList<CompactClient> Clients { get; init; }

    public required double WindowSeconds { get; init; }

    public required double RatePerSecond { get; init; }

    public RequestMarks Marks { get; init; } = RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random) =>
        new ManyClientSource(Clients, WindowSeconds, RatePerSecond, Marks, Budget, random);

    internal static ManyClientSpec Read(MapReader map)
    {
        Node profileNode = map.Required("factors");
        double[] profile = [.. profileNode.AsList().Select(v => v.AsNumber(0))];
        if (!(profile.Sum() > 0)) throw profileNode.Error("one factor must be positive");
        double mean = profile.Average();
        for (int i = 0; i < profile.Length; i++) profile[i] /= mean;
        Node members = map.Required("members");
        var clients = new List<CompactClient>();
        foreach (Node node in members.AsList()) Expand(node.AsMap(), profile, clients);
        if (!(clients.Sum(c => c.MeanRatePerSecond) > 0)) throw members.Error("needs at least one client with a positive share");
        RequestMarks marks = MarkReader.Read(map);
        if (marks.Clients.Count > 0) throw map.Required("clients").Error("the generator brings its own clients; remove this key");
        if (marks.Calls is not null && clients.Exists(client => client.Calls is not null))
            throw map.Required("calls").KeyError("some members have calls of their own; write calls either here or in the members");
        return new()
        {
            Name = "many-clients",
            Clients = clients,
            WindowSeconds = Math.Max(1e-3, map.Required("window").AsQuantity(Quantity.Duration)),
            RatePerSecond = ArrivalReader.Rate(map),
            Marks = marks,
            Budget = ReadBudget(map),
        };
    }

    private static void Expand(MapReader map, double[] profile, List<CompactClient> clients)
    {
        const int mostAlike = 100_000;
        string name = map.Text("name");
        int count = map.Int("count", 1, 1, mostAlike);
        double share = map.Required("share").AsNumber(0, 1e9);
        (GapFamily family, double cv) = ArrivalReader.Gaps(map);
        double sigma = map.Number("rateSigma", 0, 0, 5);
        double activity = map.Number("activity", 1, 1e-4, 1);
        ILengthModel lengths = LengthReader.Read(map);
        CallMarks? calls = MarkReader.Calls(map.Map("calls"));
        map.Done();
        for (int i = 1; i <= count; i++)
        {
            clients.Add(new CompactClient(count == 1 ? name : $"{name}-{i}", share / count, family, cv, sigma, activity, lengths, profile, calls));
        }
    }
}
