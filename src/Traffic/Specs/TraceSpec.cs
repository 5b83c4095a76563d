using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Specs;

/// <summary>A trace file; with <see cref="Arrivals"/>, its rows at the times of a process, whatever their think times say.</summary>
public sealed record TraceSpec : TrafficSpec
{
    public required string Path { get; init; }

    public TraceOptions Options { get; init; } = new();

    /// <summary>Null: the trace's own times.</summary>
    public IArrivalProcess? Arrivals { get; init; }

    /// <summary>Limits of the drawn arrivals.</summary>
    public TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random)
    {
        if (Arrivals is null)
        {
            TraceSource rows = TraceSource.Open(Path, Options);
            return rows.HasThinkTimes ? new SessionReplay(rows) : rows;
        }
        return new RetimedSource(TraceSource.OpenForRows(Path, Options), Arrivals, Budget, random);
    }

    internal static TraceSpec Read(MapReader map, string folder)
    {
        const double slowest = 1e-6;
        const double fastest = 1e6;
        Node file = map.Required("file");
        string path = System.IO.Path.Combine(folder, file.AsText());
        string? format = map.Optional("format") is { } named ? named.AsOneOf([.. TraceFormat.All.Select(f => f.Name)], "format") : null;
        double speed = Factor(map.Optional("speed"), slowest, fastest);
        var options = new TraceOptions
        {
            Format = format,
            Speed = speed,
            Limit = map.Optional("limit")?.AsLong(1),
            From = map.Duration("from", Kernel.Time.Duration.Zero),
            To = map.Duration("to", Kernel.Time.Duration.Infinite),
            Repeat = map.Int("repeat", 1, 1, 1_000_000),
            Sort = map.Bool("sort", false),
        };
        if (options.To <= options.From) throw map.Required("to").Error("must be later than 'from'");
        if (!File.Exists(path)) throw file.Error($"trace '{path}' does not exist; file names start from the scenario's folder");
        string? process = map.Optional("arrivals")?.AsOneOf(ArrivalReader.Processes, "arrival process");
        if (process is null && !map.Has("rate")) return new() { Name = file.AsText(), Path = path, Options = options };
        if (speed != 1) throw map.Required("speed").Error("the arrivals come from 'rate', so a speed has no meaning; change the rate");
        return new()
        {
            Name = file.AsText(),
            Path = path,
            Options = options,
            Arrivals = ArrivalReader.Read(process ?? "poisson", map),
            Budget = new TrafficBudget(map.Optional("requests")?.AsLong(1), map.Duration("duration", Kernel.Time.Duration.Infinite)),
        };
    }

    /// <summary><c>2x</c>, or a bare factor.</summary>
    private static double Factor(Node? node, double min, double max)
    {
        if (node is null) return 1;
        string text = node.AsText();
        if (!double.TryParse(text.TrimEnd('x'), System.Globalization.CultureInfo.InvariantCulture, out double factor)
            || !(factor >= min && factor <= max))
        {
            throw node.Error($"'{text}' is not a factor between {min} and {max}; write, for example, 2x");
        }
        return factor;
    }
}

/// <summary>The statistics of many clients, drawn anew.</summary>
public sealed record ServeGenSpec : TrafficSpec
{
    public required string Path { get; init; }

    /// <summary>Null: the service's own.</summary>
    public double? RatePerSecond { get; init; }

    public Generators.Marks.RequestMarks Marks { get; init; } = Generators.Marks.RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random)
    {
        ServeGenStatistics statistics = ServeGenStatistics.Load(Path);
        return new ManyClientSource(statistics.Clients, ServeGenStatistics.WindowSeconds, RatePerSecond, Marks, Budget, random);
    }

    internal static ServeGenSpec Read(MapReader map, string folder)
    {
        Node file = map.Required("file");
        string path = System.IO.Path.Combine(folder, file.AsText());
        if (!File.Exists(path) && !Directory.Exists(path))
            throw file.Error($"'{path}' does not exist; name a <service>-rates.csv or its folder");
        return new()
        {
            Name = GeneratorInfo.ServeGen,
            Path = path,
            RatePerSecond = ArrivalReader.OptionalRate(map),
            Marks = MarkReader.Read(map),
            Budget = ReadBudget(map),
        };
    }
}
