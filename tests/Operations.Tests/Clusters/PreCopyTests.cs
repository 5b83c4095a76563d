using Orrery.Kernel.Units;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Tests.Clusters;

public sealed class PreCopyTests
{
    private static readonly Bytes OneGigabyte = Bytes.FromGigabytes(1);
    private static readonly BytesPerSecond Bandwidth = new(100e6);

    [Fact]
    public void A_task_that_writes_nothing_is_copied_once()
    {
        MigrationCost cost = new PreCopy(Bandwidth, new Bytes(1_000_000), 30).Cost(OneGigabyte, BytesPerSecond.Zero);
        Assert.Equal(OneGigabyte, cost.Traffic);
        Assert.Equal(10, cost.Time.Seconds, 1e-9);
        Assert.Equal(0, cost.Downtime.Seconds);
    }

    [Fact]
    public void Rounds_shrink_geometrically_until_the_limit()
    {
        // V = 1000, 200, 40, 8 MB: the fourth is the first at or below 10 MB.
        MigrationCost cost = new PreCopy(Bandwidth, new Bytes(10_000_000), 30).Cost(OneGigabyte, new BytesPerSecond(20e6));
        Assert.Equal(4, cost.Rounds);
        Assert.Equal(1_248_000_000, cost.Traffic.Count);
        Assert.Equal(12.48, cost.Time.Seconds, 1e-9);
        Assert.Equal(0.08, cost.Downtime.Seconds, 1e-9);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Many_rounds_sum_to_the_geometric_series(double ratio)
    {
        MigrationCost cost = new PreCopy(Bandwidth, new Bytes(1), 1000).Cost(OneGigabyte, new BytesPerSecond(ratio * 100e6));
        Assert.Equal(1e9 / (1 - ratio), cost.Traffic.Count, 1e9 / (1 - ratio) * 1e-7);
    }

    [Fact]
    public void A_task_that_writes_faster_than_the_link_stops_after_the_last_round()
    {
        MigrationCost cost = new PreCopy(Bandwidth, new Bytes(1), 5).Cost(OneGigabyte, new BytesPerSecond(300e6));
        Assert.Equal(5, cost.Rounds);
        Assert.Equal(5_000_000_000, cost.Traffic.Count);
        Assert.Equal(10, cost.Downtime.Seconds, 1e-9);
    }

    [Fact]
    public void Memory_below_the_limit_is_moved_while_the_task_stands_still()
    {
        MigrationCost cost = new PreCopy(Bandwidth, OneGigabyte, 5).Cost(new Bytes(50_000_000), new BytesPerSecond(300e6));
        Assert.Equal((1, 0.5), (cost.Rounds, cost.Downtime.Seconds));
    }
}
