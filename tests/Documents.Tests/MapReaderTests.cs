using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Documents.Tests;

public sealed class MapReaderTests
{
    private static MapReader Read(string text) => Errors.Parse(text).AsMap();

    [Fact]
    public void Present_values_win_over_fallbacks()
    {
        MapReader map = Read("t: x\ni: 3\nl: 4\nn: 0.5\nb: true\nd: 2s\ns: 1kB\nq: 5W\nc: deliver\nlist: [1]\nm: {a: 1}\n");
        Assert.Equal("x", map.Text("t"));
        Assert.Equal("x", map.Text("t", "y"));
        Assert.Equal(3, map.Int("i", 1, 1, 8));
        Assert.Equal(4, map.Long("l"));
        Assert.Equal(0.5, map.Number("n", 1));
        Assert.True(map.Bool("b"));
        Assert.Equal(Duration.FromSeconds(2), map.Duration("d"));
        Assert.Equal(new Bytes(1000), map.Bytes("s"));
        Assert.Equal(5, map.Quantity("q", Quantity.Power));
        Assert.Equal(Phase.Deliver, map.Choice("c", Phase.Plan));
        Assert.Single(map.List("list"));
        Assert.Equal(1, map.Map("m")!.Int("a"));
        map.Done();
    }

    [Fact]
    public void Absent_values_fall_back()
    {
        MapReader map = Read("{}");
        Assert.Equal("y", map.Text("t", "y"));
        Assert.Equal(1, map.Int("i", 1));
        Assert.Equal(2.5, map.Number("n", 2.5));
        Assert.False(map.Bool("b", false));
        Assert.Equal(Duration.Zero, map.Duration("d", Duration.Zero));
        Assert.Equal(7, map.Quantity("q", Quantity.Power, 7));
        Assert.Equal(Phase.Plan, map.Choice("c", Phase.Plan));
        Assert.Empty(map.List("list"));
        Assert.Null(map.Map("m"));
        Assert.False(map.Has("h"));
        map.Done();
    }

    [Fact]
    public void A_key_without_a_value_is_no_absent_key() =>
        Assert.Equal("s.yaml:1:3: t: expected text, not nothing", Errors.Of(() => Read("t:\n").Text("t", "y")));

    [Fact]
    public void Missing_keys_are_named() =>
        Assert.Equal("s.yaml:1:1: the key 'device' is missing", Errors.Of(() => Read("{}").Required("device")));

    [Fact]
    public void A_misspelt_key_is_offered_for_the_missing_one() =>
        Assert.Equal("s.yaml:1:1: the key 'device' is missing; is 'devise' a misspelling of it?", Errors.Of(() => Read("devise: x").Required("device")));

    [Fact]
    public void Unknown_keys_name_the_nearest_known_one()
    {
        MapReader map = Errors.Parse("fleet:\n  - device: x\n    tensr: 4\n")["fleet"]!.Items[0].AsMap();
        map.Text("device");
        map.Int("tensor", 1);
        Assert.Equal("s.yaml:3:5: fleet.0.tensr: unknown key; did you mean 'tensor'? Known: device, tensor", Errors.Of(map.Done));
    }
}
