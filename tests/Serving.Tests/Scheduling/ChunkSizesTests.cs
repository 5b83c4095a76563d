using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Tests.Scheduling;

public sealed class ChunkSizesTests
{
    [Theory]
    [InlineData(0, 2048)]
    [InlineData(8191, 2048)] // 131072 tokens in 16 stages of 8192
    [InlineData(8192, 1920)]
    [InlineData(65_536, 1024)]
    [InlineData(122_880, 128)]
    [InlineData(1_000_000, 128)]
    public void TheSizesOfThePaperFallInEqualSteps(int processed, int size) =>
        Assert.Equal(size, ChunkSizes.Falling(2048, 128, 16, 131_072, 32).After(processed));

    [Fact]
    public void SizesAreRoundedToTheMultiple()
    {
        // 1000, 733, 466, 200 in whole tokens, each to the nearest 32.
        ChunkSizes sizes = ChunkSizes.Falling(1000, 200, 4, 400, 32);
        Assert.Equal([992, 736, 480, 192], new[] { 0, 100, 200, 300 }.Select(sizes.After));
        Assert.Equal(992, sizes.Largest);
    }

    [Fact]
    public void ABudgetIsNeverOverdrawn()
    {
        StepBudget budget = new(10);
        Assert.Equal(10, budget.Slice(64));
        budget.Take(7);
        Assert.Equal(3, budget.Slice(64));
        Assert.Equal(0, budget.Slice(64, 5));
        Assert.Equal(9, budget.Slice(64, 16));
        budget.Take(8);
        Assert.Equal(0, budget.Left);
        Assert.Equal(0, budget.Slice(64));
    }
}
