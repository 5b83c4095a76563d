using System.Text.Json.Nodes;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Documents.Tests;

public sealed class OptionSetTests
{
    private static readonly OptionSet<Sample> Set = new OptionSet<Sample>()
        .Int("tokenBudget", s => s.TokenBudget, (s, v) => s with { TokenBudget = v }, "Tokens of a step.", "paper, table 2", 1, 4096)
        .OptionalInt("maxSeqs", s => s.MaxSeqs, (s, v) => s with { MaxSeqs = v }, "Bound on requests of a step.", "assumption")
        .Number("watermark", s => s.Watermark, (s, v) => s with { Watermark = v }, "Share of blocks kept free.", "engine 0.2", 0, 1)
        .OptionalNumber("alpha", s => s.Alpha, (s, v) => s with { Alpha = v }, "Weight.", "paper")
        .Bool("chunked", s => s.Chunked, (s, v) => s with { Chunked = v }, "Whether prefills are split.", "paper")
        .Text("label", s => s.Label, (s, v) => s with { Label = v }, "A name.", "")
        .OptionalText("adapter", s => s.Adapter, (s, v) => s with { Adapter = v }, "An adapter's name.", "")
        .Choice("order", s => s.Order, (s, v) => s with { Order = v }, "Who goes first.", "engine")
        .Choice("mode", ["swap", "recompute"], s => s.Mode, (s, v) => s with { Mode = v }, "How to preempt.", "engine")
        .Duration("window", s => s.Window, (s, v) => s with { Window = v }, "Length of the window.", "paper")
        .OptionalDuration("patience", s => s.Patience, (s, v) => s with { Patience = v }, "Longest wait.", "paper")
        .Bytes("swapSpace", s => s.SwapSpace, (s, v) => s with { SwapSpace = v }, "Host memory.", "engine")
        .OptionalBytes("cache", s => s.Cache, (s, v) => s with { Cache = v }, "Cache size.", "engine")
        .Quantity("bandwidth", Quantity.BytesPerSecond, s => s.Bandwidth, (s, v) => s with { Bandwidth = v }, "Link speed.", "data sheet")
        .OptionalQuantity("cap", Quantity.Power, s => s.Cap, (s, v) => s with { Cap = v }, "Power cap.", "data sheet", 100, 700);

    private enum QueueOrder
    {
        FirstCome,
        ShortestFirst,
    }

    private const string EveryKey = """
        {tokenBudget: 256, maxSeqs: 8, watermark: 0.5, alpha: 1.5, chunked: true, label: "7", adapter: x, order: shortest-first, mode: swap, window: 1.5s, patience: 1min,
         swapSpace: 2GB, cache: 1MiB, bandwidth: 1TB/s, cap: 300W}
        """;

    private static Sample Read(string text)
    {
        MapReader map = Errors.Parse(text).AsMap();
        Sample value = Set.Read(map);
        map.Done();
        return value;
    }

    [Fact]
    public void Absent_keys_keep_the_defaults() => Assert.Equal(new Sample(), Read("{}"));

    [Fact]
    public void Every_kind_is_bound()
    {
        var expected = new Sample
        {
            TokenBudget = 256,
            MaxSeqs = 8,
            Watermark = 0.5,
            Alpha = 1.5,
            Chunked = true,
            Label = "7",
            Adapter = "x",
            Order = QueueOrder.ShortestFirst,
            Mode = "swap",
            Window = Duration.FromSeconds(1.5),
            Patience = Duration.FromMinutes(1),
            SwapSpace = Bytes.FromGigabytes(2),
            Cache = new Bytes(1 << 20),
            Bandwidth = 1e12,
            Cap = 300,
        };
        Assert.Equal(expected, Read(EveryKey));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData(EveryKey)]
    public void The_lock_text_reads_back_to_an_equal_record(string text)
    {
        Sample value = Read(text);
        Assert.Equal(value, Read(YamlText.Write(Set.ToNode(value))));
    }

    [Fact]
    public void Null_means_not_set() => Assert.Null(Read("{maxSeqs: null, alpha: ~, patience: , cache: null, cap: null, adapter: null}").MaxSeqs);

    [Theory]
    [InlineData("tokenBudget: 0", "s.yaml:1:14: tokenBudget: '0' is out of range; write a whole number from 1 to 4096")]
    [InlineData("order: shortest", "s.yaml:1:8: order: unknown order 'shortest'; known: first-come, shortest-first")]
    [InlineData("mode: swop", "s.yaml:1:7: mode: unknown mode 'swop'; did you mean 'swap'? Known: swap, recompute")]
    [InlineData("window: 5", "s.yaml:1:9: window: '5' has no unit; write a time such as 250ms")]
    [InlineData("cap: 5W", "s.yaml:1:6: cap: '5W' is out of range; write a power from 100W to 700W")]
    [InlineData("window: null", "s.yaml:1:9: window: expected a time such as 250ms, not nothing")]
    public void Wrong_values(string text, string message) => Assert.Equal(message, Errors.Of(() => Read(text)));

    [Fact]
    public void The_table_has_defaults_units_and_ranges()
    {
        OptionInfo[] options = [.. Set.Options];
        Assert.Equal(new OptionInfo("tokenBudget", "integer", "", "512", "1 to 4096", "Tokens of a step.", "paper, table 2", options[0].Choices), options[0]);
        Assert.Equal(("integer", "null", "at least 1"), (options[1].TypeName, options[1].Default, options[1].Range));
        OptionInfo order = options.Single(option => option.Key == "order");
        Assert.Equal(["first-come", "shortest-first"], order.Choices);
        OptionInfo window = options.Single(option => option.Key == "window");
        Assert.Equal(("time", "ms", "10ms", ""), (window.TypeName, window.Unit, window.Default, window.Range));
        OptionInfo cap = options.Single(option => option.Key == "cap");
        Assert.Equal(("power", "W", "null", "100W to 700W"), (cap.TypeName, cap.Unit, cap.Default, cap.Range));
    }

    [Fact]
    public void Write_emits_every_key_in_order()
    {
        var lines = new List<string>();
        Set.Write(new Sample(), (key, text) => lines.Add($"{key}={text}"));
        Assert.Equal(
            ["tokenBudget=512", "maxSeqs=null", "watermark=0.01", "alpha=null", "chunked=false", "label=", "adapter=null", "order=first-come", "mode=recompute", "window=10ms",
             "patience=null", "swapSpace=4GiB", "cache=null", "bandwidth=25GB/s", "cap=null"], lines);
    }

    [Fact]
    public void The_schema_states_types_ranges_and_defaults()
    {
        JsonObject schema = Set.ToJsonSchema();
        JsonNode properties = schema["properties"]!;
        Assert.False((bool)schema["additionalProperties"]!);
        Assert.Equal(
            """{"description":"Tokens of a step. Source: paper, table 2","type":"integer","minimum":1,"maximum":4096,"default":512}""",
            properties["tokenBudget"]!.ToJsonString());
        Assert.Equal("""{"description":"Bound on requests of a step. Source: assumption","type":["integer","null"],"minimum":1,"default":null}""", properties["maxSeqs"]!.ToJsonString());
        Assert.Equal("""["first-come","shortest-first"]""", properties["order"]!["enum"]!.ToJsonString());
        Assert.Equal("10ms", (string)properties["window"]!["default"]!);
        Assert.Equal(Quantities.Pattern(Quantity.Duration), (string)properties["window"]!["pattern"]!);
        Assert.Equal("boolean", (string)properties["chunked"]!["type"]!);
    }

    [Fact]
    public void A_key_is_declared_once() => Assert.Throws<ArgumentException>(() =>
        new OptionSet<Sample>().Bool("a", s => s.Chunked, (s, v) => s, "", "").Bool("a", s => s.Chunked, (s, v) => s, "", ""));

    private sealed record Sample
    {
        public int TokenBudget { get; init; } = 512;

        public int? MaxSeqs { get; init; }

        public double Watermark { get; init; } = 0.01;

        public double? Alpha { get; init; }

        public bool Chunked { get; init; }

        public string Label { get; init; } = "";

        public string? Adapter { get; init; }

        public QueueOrder Order { get; init; }

        public string Mode { get; init; } = "recompute";

        public Duration Window { get; init; } = Duration.FromMilliseconds(10);

        public Duration? Patience { get; init; }

        public Bytes SwapSpace { get; init; } = Bytes.FromGibibytes(4);

        public Bytes? Cache { get; init; }

        public double Bandwidth { get; init; } = 25e9;

        public double? Cap { get; init; }
    }
}
