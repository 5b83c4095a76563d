using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;

namespace Orrery.Serving.Tests.Elasticity;

public sealed class CapacityTraceTests
{
    [Fact]
    public void A_text_is_read_with_seconds_and_units()
    {
        CapacityTrace trace = CapacityTrace.Parse("0:7, 240:8, 6min:10,end 22min");
        Assert.Equal([new(Instant.Zero, 7), new(Instant.FromSeconds(240), 8), new CapacityChange(Instant.FromSeconds(360), 10)], trace.Changes);
        Assert.Equal(Instant.FromSeconds(1320), trace.End);
        Assert.Equal(7, trace.FirstUnits);
        Assert.Equal(10, trace.PeakUnits);
        Assert.Equal("0:7, 240:8, 360:10, end 1320", trace.ToString());
    }

    [Fact]
    public void Without_an_end_the_last_level_lasts()
    {
        CapacityTrace trace = CapacityTrace.Parse("0:2, 10:0");
        Assert.True(trace.End.IsNever);
        Assert.Equal(0, trace.UnitsAt(Instant.FromSeconds(1e6)));
    }

    [Theory]
    [InlineData(0, 7)]
    [InlineData(239.9, 7)]
    [InlineData(240, 8)]
    [InlineData(5000, 8)]
    public void A_change_holds_from_its_instant(double seconds, int units) =>
        Assert.Equal(units, CapacityTrace.Parse("0:7, 240:8, end 1320").UnitsAt(Instant.FromSeconds(seconds)));

    [Fact]
    public void Machine_seconds_add_up()
    {
        CapacityTrace trace = CapacityTrace.Parse("0:7, 240:8, 360:10, end 600");
        Assert.Equal((7 * 240) + (8 * 120) + (10 * 240), trace.UnitSeconds(trace.End));
        Assert.Equal((7 * 240) + (8 * 10), trace.UnitSeconds(Instant.FromSeconds(250)));
        Assert.Equal(0, trace.UnitSeconds(Instant.Zero));
    }

    [Theory]
    [InlineData("", "has no entry")]
    [InlineData("7", "is no change")]
    [InlineData("5:7", "is not at 0")]
    [InlineData("0:7, 0:8", "not after the entry before it")]
    [InlineData("0:7, 20:8, 10:9", "order the entries by time")]
    [InlineData("0:7.5", "whole number")]
    [InlineData("0:-1", "whole number")]
    [InlineData("0:seven", "'seven'")]
    [InlineData("0:7, soon:8", "'soon'")]
    [InlineData("0:7, -3:8", "out of range")]
    [InlineData("0:7, end 0", "give a later end")]
    [InlineData("0:7, end 10, 20:8", "after the end")]
    [InlineData("0:7, end", "is no time")]
    public void A_mistake_is_one_sentence(string text, string part)
    {
        InputException error = Assert.Throws<InputException>(() => CapacityTrace.Parse(text));
        Assert.StartsWith("capacity trace: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Named_traces_are_read_and_a_wrong_name_meets_the_nearest()
    {
        Assert.All(CapacityTraces.All.Keys, name => Assert.False(CapacityTraces.Find(name).End.IsNever));
        Assert.Equal(8, CapacityTraces.Find("spot-a").UnitsAt(Instant.FromSeconds(1319)));
        InputException error = Assert.Throws<InputException>(() => CapacityTraces.Find("spot-c"));
        Assert.Contains("did you mean 'spot-a'?", error.Message, StringComparison.Ordinal);
        Assert.Equal("0:3", CapacityTraces.Find(" 0:3 ").ToString());
    }
}
