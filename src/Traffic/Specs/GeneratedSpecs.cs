using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Specs;

/// <summary>Arrivals from a process, whatever happens to earlier requests.</summary>
public sealed record OpenLoopSpec : TrafficSpec
{
    public required IArrivalProcess Arrivals { get; init; }

    public required ILengthModel Lengths { get; init; }

    public RequestMarks Marks { get; init; } = RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random) => new OpenLoopSource(Arrivals, Lengths, Marks, Budget, random);

    internal static OpenLoopSpec Read(string process, MapReader map) => new()
    {
        Name = process,
        Arrivals = ArrivalReader.Read(process, map),
        Lengths = LengthReader.Read(map),
        Marks = MarkReader.Read(map),
        Budget = ReadBudget(map),
    };
}

/// <summary>A fixed number of clients with think time.</summary>
public sealed record ClosedLoopSpec : TrafficSpec
{
    public required int Users { get; init; }

    public required IDistribution ThinkSeconds { get; init; }

    public required ILengthModel Lengths { get; init; }

    public RequestMarks Marks { get; init; } = RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random) => new ClosedLoopSource(Users, ThinkSeconds, Lengths, Marks, Budget, random);

    internal static ClosedLoopSpec Read(MapReader map)
    {
        const int mostUsers = 10_000_000;
        RequestMarks marks = MarkReader.Read(map);
        if (marks.Clients.Count > 0) throw map.Required("clients").Error("in a closed loop every user is a client; set 'users' instead");
        return new()
        {
            Name = "closed-loop",
            Users = map.Required("users").AsInt(1, mostUsers),
            ThinkSeconds = DistributionReader.ReadSeconds(map.Required("think")),
            Lengths = LengthReader.Read(map),
            Marks = marks,
            Budget = ReadBudget(map),
        };
    }
}

/// <summary>Conversations with growing history.</summary>
public sealed record SessionSpec : TrafficSpec
{
    public required SessionModel Model { get; init; }

    public RequestMarks Marks { get; init; } = RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random) => new SessionSource(Model, Marks, Budget, random);

    internal static SessionSpec Read(MapReader map)
    {
        (int tokens, int count, double skew) = System(map.Map("system"));
        return new()
        {
            Name = "sessions",
            Model = new SessionModel
            {
                // The rate is that of sessions; turns come on top.
                Starts = new RenewalArrivals(ArrivalReader.Rate(map), GapFamily.Exponential, 1),
                Turns = DistributionReader.ReadTokens(map.Required("turns")),
                Lengths = LengthReader.Read(map),
                ThinkSeconds = DistributionReader.ReadSeconds(map.Required("think")),
                SystemTokens = tokens,
                SystemPrompts = count,
                SystemSkew = skew,
                MaxContextTokens = map.Int("maxContextTokens", int.MaxValue, 1),
                OpenLoop = map.Bool("openLoop", false),
            },
            Marks = MarkReader.ReadWithoutCalls(map),
            Budget = ReadBudget(map),
        };
    }

    private static (int Tokens, int Count, double Skew) System(MapReader? map)
    {
        if (map is null) return (0, 1, 0);
        (int, int, double) system = (map.Required("tokens").AsInt(1, Readers.Formats.Limits.MaxTokens),
            map.Int("count", 1, 1, 1_000_000), map.Number("skew", 0, 0, 20));
        map.Done();
        return system;
    }
}

/// <summary>Recorded-like conversations over hashed blocks; what <c>mooncake-conversation</c> is fitted with.</summary>
public sealed record PrefixTreeSpec : TrafficSpec
{
    public required PrefixTreeModel Model { get; init; }

    public RequestMarks Marks { get; init; } = RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random) => new PrefixTreeSource(Model, Marks, Budget, random);

    internal static PrefixTreeSpec Read(MapReader map)
    {
        Node turns = map.Required("turnWeights");
        double[] weights = [.. turns.AsList().Select(v => v.AsNumber(0))];
        if (!(weights.Sum() > 0)) throw turns.Error("one weight must be positive");
        double meanTurns = weights.Select((w, i) => w * (i + 1)).Sum() / weights.Sum();
        MapReader gap = map.Required("turnGapSeconds").AsMap();
        MapReader kept = map.Required("keptShare").AsMap();
        var model = new PrefixTreeModel
        {
            Starts = ArrivalReader.Read("profile", map),
            TurnWeights = weights,
            TurnGapSeconds = DistributionReader.Curve(gap, v => v.AsNumber(0)),
            First = LengthReader.ReadJoint(map.Required("first")),
            Next = LengthReader.ReadJoint(map.Required("next")),
            KeptShare = DistributionReader.Curve(kept, v => v.AsNumber(0, 1)),
            BlockTokens = map.Int("blockTokens", Readers.Formats.MooncakeParser.BlockTokens, 1, Readers.Formats.Limits.MaxTokens),
            RootBlocks = map.Int("rootBlocks", 0, 0, 1_000_000),
            TickSeconds = map.Optional("tick")?.AsQuantity(Quantity.Duration) ?? 0,
        };
        gap.Done();
        kept.Done();
        // The rate is that of requests: sessions start less often by the mean number of turns.
        model = model with { Starts = model.Starts.AtRate(model.Starts.RatePerSecond / meanTurns) };
        return new() { Name = "prefix-tree", Model = model, Marks = MarkReader.ReadWithoutCalls(map), Budget = ReadBudget(map) };
    }
}
