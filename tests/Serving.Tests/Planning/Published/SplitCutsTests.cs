using Orrery.Serving.Planning;
using Orrery.Serving.Planning.Published;

namespace Orrery.Serving.Tests.Planning.Published;

public sealed class SplitCutsTests
{
    [Fact]
    public void CutsDivideHeadsAndLayers()
    {
        // OPT-66B has 72 heads and 64 layers.
        Assert.Equal([new(1, 1), new(1, 2), new(1, 4), new(2, 1), new(2, 2), new(3, 1), new(4, 1)], SplitCuts.Within(72, 64, 4));
        Assert.DoesNotContain(SplitCuts.Within(72, 64, 12), cut => cut.Tensor is 5 or 7 or 10 or 11 || cut.Pipeline is 3 or 6);
    }

    [Fact]
    public void PhasesShareANodeSegmentBySegment()
    {
        SplitPlacement[] one = [.. SplitCuts.InNodes(40, 40, 1, 4)];
        Assert.All(one, placement => Assert.InRange(placement.Devices, 2, 4));
        Assert.Equal(9, one.Length);
        Assert.Contains(one, placement => placement.Prefill == new Cut(2, 1) && placement.Decode == new Cut(1, 1));
        SplitPlacement[] two = [.. SplitCuts.InNodes(40, 40, 2, 4)];
        // The second half of the list: every placement of one node, twice as deep.
        Assert.Equal(one.Select(placement => 2 * placement.Devices), two.Skip(9).Select(placement => placement.Devices));
        Assert.All(two.Skip(9), placement => Assert.True(placement.Prefill.Pipeline % 2 == 0 && placement.Decode!.Value.Pipeline % 2 == 0));
        // Segments divide the layers: 40 layers do not cut into three.
        Assert.Equal(two.Length, SplitCuts.InNodes(40, 40, 3, 4).Count());
    }

    [Fact]
    public void BisectionEndsOnTheArtefactsGrid()
    {
        List<double> tried = [];
        double found = RateSearch.Bisect(5, 0.25, rate =>
        {
            tried.Add(rate);
            return rate <= 1.6;
        });
        Assert.Equal(1.5625, found);
        Assert.Equal([2.5, 1.25, 1.875, 1.5625, 1.71875], tried);
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(4.7, false)]
    public void ASearchKnowsWhenItEndedAtItsEnd(double last, bool isAtEnd) =>
        Assert.Equal(isAtEnd, RateSearch.IsAtEnd(RateSearch.Bisect(5, 0.25, rate => rate <= last), 5, 0.25));

    [Fact]
    public void DrawingEndsWhenCancelled()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ProbeWorkload.Chats[0].Draw(10, int.MaxValue / 8, Kernel.Random.RandomStream.Root(1), cancelled.Token));
    }

    [Theory]
    [InlineData(0.5, 2)]
    [InlineData(0.75, 3)]
    [InlineData(0.76, 4)]
    [InlineData(1, 4)]
    public void AQuantileIsTheSmallestValueThatEnoughStayBelow(double share, double expected) => Assert.Equal(expected, ProbeResult.Quantile(share, [4, 1, 3, 2]));

    [Theory]
    [InlineData("sharegpt", 755, 200)]
    [InlineData("humaneval", 171, 98)]
    [InlineData("longbench", 1955, 47)]
    public void LengthsHaveTheirMeans(string name, double prompt, double output)
    {
        ProbeWorkload workload = ProbeWorkload.Chats.Single(candidate => candidate.Name == name);
        var requests = workload.Draw(10, 20_000, Kernel.Random.RandomStream.Root(1), CancellationToken.None);
        Assert.InRange(requests.Average(request => request.PromptTokens), prompt * 0.97, prompt * 1.03);
        Assert.InRange(requests.Average(request => request.OutputTokens), output * 0.9, output * 1.1);
        Assert.All(requests, request => Assert.InRange(request.PromptTokens + request.OutputTokens, 2, workload.MostTotal));
        Assert.InRange((requests[^1].Arrival - requests[0].Arrival).Seconds, 1950, 2050);
    }

    [Fact]
    public void ServicesDrawPromptsAndOutputsApart()
    {
        ProbeWorkload code = ProbeWorkload.Services.Single(candidate => candidate.Name == "code");
        var requests = code.Draw(10, 20_000, Kernel.Random.RandomStream.Root(2), CancellationToken.None);
        Assert.InRange(requests.Average(request => request.PromptTokens), 1950, 2150);
        Assert.InRange(requests.Average(request => request.OutputTokens), 26, 30);
        var again = code.Draw(20, 100, Kernel.Random.RandomStream.Root(2), CancellationToken.None);
        Assert.Equal(requests.Take(100).Select(request => request.PromptTokens), again.Select(request => request.PromptTokens));
    }
}
