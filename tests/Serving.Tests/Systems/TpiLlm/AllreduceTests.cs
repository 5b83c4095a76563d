using Orrery.Serving.Systems.TpiLlm;

namespace Orrery.Serving.Tests.Systems.TpiLlm;

public sealed class AllreduceTests
{
    /// <summary>One token of hidden 8,192 in FP32.</summary>
    private const double Bytes = 32768;

    private const double Slow = 300e6 / 8;
    private const double Fast = 1e9 / 8;

    [Fact]
    public void TheFormulasAreThoseOfTheLinks()
    {
        const double tau = 0.001;
        double wire = Bytes / Slow;
        Assert.Equal((2 * tau) + (14 * wire), Of(AllreduceKind.Star, tau, Slow), 12);
        Assert.Equal(6 * (tau + wire), Of(AllreduceKind.Tree, tau, Slow), 12);
        Assert.Equal(14 * (tau + (wire / 8)), Of(AllreduceKind.Ring, tau, Slow), 12);
        Assert.Equal(0, new Allreduce(AllreduceKind.Star, tau, Slow).Seconds(1, Bytes));
    }

    /// <summary>τ &gt; 2b/B: 1.75 ms at 300 Mb/s and 0.52 ms at 1 Gb/s.</summary>
    [Theory]
    [InlineData(Slow, 0.0017476)]
    [InlineData(Fast, 0.0005243)]
    public void AStarOfEightBeatsATreeExactlyAboveTwoMessages(double bandwidth, double threshold)
    {
        Assert.Equal(threshold, 2 * Bytes / bandwidth, 7);
        for (double tau = 1e-5; tau < 0.02; tau *= 1.13)
            Assert.Equal(tau > 2 * Bytes / bandwidth, Of(AllreduceKind.Star, tau, bandwidth) < Of(AllreduceKind.Tree, tau, bandwidth));
    }

    [Fact]
    public void BothBeatARingFromAMillisecondAndLoseToItWithManyTokensOnAFastLink()
    {
        for (double tau = 0.001; tau < 0.02; tau *= 1.2)
        {
            foreach (double bandwidth in new[] { Slow, Fast })
            {
                double ring = Of(AllreduceKind.Ring, tau, bandwidth);
                Assert.True(Of(AllreduceKind.Star, tau, bandwidth) < ring && Of(AllreduceKind.Tree, tau, bandwidth) < ring);
            }
        }
        Assert.InRange(Of(AllreduceKind.Star, 0.001, Slow) / Of(AllreduceKind.Ring, 0.001, Slow), 0.9, 1);
        double prompt = 128 * Bytes;
        var links = new Allreduce(AllreduceKind.Ring, 0.0001, Slow);
        Assert.True(links.Seconds(8, prompt) < (links with { Kind = AllreduceKind.Star }).Seconds(8, prompt));
        Assert.True(links.Seconds(8, prompt) < (links with { Kind = AllreduceKind.Tree }).Seconds(8, prompt));
    }

    [Theory]
    [InlineData(AllreduceKind.Star)]
    [InlineData(AllreduceKind.Tree)]
    [InlineData(AllreduceKind.Ring)]
    public void NodesThatAreReadyTogetherTakeTheFormulaAndTheAdditions(AllreduceKind kind)
    {
        var links = new Allreduce(kind, 0.001, Slow);
        double[] ready = [.. Enumerable.Repeat(5.0, 8)];
        foreach (bool inOrder in new[] { true, false })
            Assert.Equal(5 + links.Seconds(8, Bytes) + links.AddSeconds(8, Bytes, 1e9), links.Finish(ready, Bytes, inOrder, 1e9), 12);
    }

    [Fact]
    public void ASlowWorkerThatIsReadFirstHoldsUpTheOthers()
    {
        var links = new Allreduce(AllreduceKind.Star, 1, Bytes);
        double[] ready = [0, 10, 0, 0];
        double out3 = 3 + 1;
        Assert.Equal(10 + 1 + 3 + out3, links.Finish(ready, Bytes, inOrder: true, 1e300), 9);
        Assert.Equal(10 + 1 + 1 + out3, links.Finish(ready, Bytes, inOrder: false, 1e300), 9);
        // Read last, it holds up nobody.
        Assert.Equal(10 + 1 + 1 + out3, links.Finish([0, 0, 0, 10], Bytes, inOrder: true, 1e300), 9);
    }

    private static double Of(AllreduceKind kind, double tau, double bandwidth) => new Allreduce(kind, tau, bandwidth).Seconds(8, Bytes);
}
