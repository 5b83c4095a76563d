using Orrery.World.Deployments;
using Orrery.World.Models;

namespace Orrery.Serving.Lending;

/// <summary>Bytes that cross the network when a token attends to KV that lies elsewhere, for one decode token, layer and holder.</summary>
/// <remarks>
/// The query goes out: heads · d numbers. The partial answer comes back: heads · d numbers and two more per head, the largest score and the
/// sum (arXiv 2401.02669, exact; d). 16 bits each, as the published arithmetic counts (d): 5,120 dimensions are about 10 KB each way.
/// </remarks>
/// <param name="QueryBytes">Owner to holder.</param>
/// <param name="AnswerBytes">Holder to owner.</param>
/// <param name="KvBytesPerToken">What fetching the KV of one token of this layer would move instead.</param>
public readonly record struct AttentionTraffic(long QueryBytes, long AnswerBytes, long KvBytesPerToken)
{
    private const int NumberBytes = 2;

    /// <summary>Both ways.</summary>
    public long BytesPerToken => QueryBytes + AnswerBytes;

    /// <summary>How many times more bytes it would take to fetch the KV of so many tokens for each decode token.</summary>
    public double FetchRatio(long tokens) => (double)tokens * KvBytesPerToken / BytesPerToken;

    /// <summary>Of a whole model, all devices together.</summary>
    public static AttentionTraffic Of(ModelSpec model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Of(model.Heads, model.HeadWidth, (long)(model.KvElementsPerLayer * NumberBytes));
    }

    /// <summary>Of one device of a deployment: it has its share of the heads, and a link of its own.</summary>
    public static AttentionTraffic Of(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        return Of(deployment.Shards.Heads, deployment.Model.HeadWidth, deployment.Shards.KvBytesPerTokenLayer);
    }

    private static AttentionTraffic Of(long heads, int width, long kvBytes) =>
        new(heads * width * NumberBytes, ((heads * width) + (2 * heads)) * NumberBytes, kvBytes);
}
