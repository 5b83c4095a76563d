using Orrery.Live.Calibration;

namespace Orrery.Live.Tests.Calibration;

/// <summary>The grid reaches its limits and never exceeds them.</summary>
public sealed class StepGridTests
{
    [Theory]
    [InlineData(16, 1024, 512, false)]
    [InlineData(16, 1024, 512, true)]
    [InlineData(3, 100, 48, false)]
    [InlineData(1, 2, 2, true)]
    [InlineData(1, 1, 1, true)]
    [InlineData(64, 8192, 2048, false)]
    public void Every_kind_of_step_reaches_the_limits(int sequences, int context, int stepTokens, bool isQuick)
    {
        StepLimits limits = new(sequences, context, stepTokens, 1L << 40);
        IReadOnlyList<StepPoint> points = StepGrid.Of(limits, seed: 7, isQuick);
        Assert.Equal(Math.Min(sequences, stepTokens), points.Max(point => point.Contexts.Count));
        Assert.Equal(context, points.Where(point => point.Kind == StepKind.Decode).Max(point => point.Longest));
        Assert.Equal(Math.Min(stepTokens, context), points.Where(point => point.Kind == StepKind.Prefill).Max(point => point.Tokens));
        Assert.Contains(points, point => point.Sampled == 0);
        Assert.All(points, point => Assert.True(point.Tokens <= stepTokens && point.Longest <= context && point.Sequences <= sequences + 1 && point.Tokens > 0));
        Assert.All(points, point => Assert.All(point.Chunks, chunk => Assert.True(chunk.Tokens > 0 && chunk.HistoryTokens >= 0)));
    }

    [Fact]
    public void Steps_that_hold_more_than_the_memory_allows_are_left_out()
    {
        IReadOnlyList<StepPoint> points = StepGrid.Of(new(16, 1024, 512, 4096), seed: 1);
        Assert.InRange(points.Max(point => point.KvTokens), 2048, 4096);
        Assert.Contains(points, point => point.Contexts.Count == 16);
    }

    [Fact]
    public void The_same_seed_draws_the_same_steps()
    {
        StepLimits limits = new(16, 1024, 512, 1 << 20);
        Assert.Equal(Text(1), Text(1));
        Assert.NotEqual(Text(1), Text(2));

        string Text(ulong seed) => string.Join(';', StepGrid.Of(limits, seed).Select(point => $"{string.Join(',', point.Contexts)}|{string.Join(',', point.Chunks)}"));
    }
}
