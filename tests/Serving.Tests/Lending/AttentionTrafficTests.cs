using Orrery.Serving.Lending;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;

namespace Orrery.Serving.Tests.Lending;

/// <summary>Bytes per token, layer and holder against the published arithmetic.</summary>
public sealed class AttentionTrafficTests
{
    [Fact]
    public void AHiddenSizeOf5120IsAboutTenKilobytesEachWay()
    {
        AttentionTraffic traffic = AttentionTraffic.Of(Catalog.Model("llama-2-13b"));
        Assert.Equal(5120 * 2, traffic.QueryBytes);
        Assert.Equal((5120 + (2 * 40)) * 2, traffic.AnswerBytes);
        Assert.Equal(2 * 5120 * 2, traffic.KvBytesPerToken);
    }

    [Fact]
    public void SendingQueriesMovesAsMuchAsFetchingOneTokenAndAThousandthOfAThousand()
    {
        AttentionTraffic traffic = AttentionTraffic.Of(Catalog.Model("llama-2-7b"));
        // 2 · 4096 · 2 B of KV per token against 8,192 + 8,320 B of query and answer.
        Assert.Equal(16384.0 / 16512, traffic.FetchRatio(1), 12);
        Assert.True(traffic.FetchRatio(1000) > 990);
    }

    [Fact]
    public void ADeviceOfATensorGroupSendsItsHeadsOnly()
    {
        Deployment deployment = Deployment.Create(Catalog.Model("llama-2-70b"), Catalog.Device("a100-sxm-80gb"), new ParallelPlan(Tensor: 8));
        AttentionTraffic traffic = AttentionTraffic.Of(deployment);
        Assert.Equal(8192 / 8 * 2, traffic.QueryBytes);
        // One KV head of 128 dimensions per device: grouped queries make fetching 8 times cheaper, not sending.
        Assert.Equal(2 * 128 * 2, traffic.KvBytesPerToken);
    }
}
