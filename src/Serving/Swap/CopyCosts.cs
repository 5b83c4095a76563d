using Orrery.Kernel.Time;
using Orrery.World.Deployments;

namespace Orrery.Serving.Swap;

/// <summary>
/// Time of copying KV between device and host: T = runs · copies · launch + bytes / bandwidth (FastSwitch, arXiv 2411.18424: G·L·2·t + V/BW).
/// A run is a contiguous range of KV blocks; keys and values of each layer lie apart, so it takes two copies per layer; a latent cache is one
/// tensor per layer and takes one.
/// </summary>
/// <remarks>All devices of a replica copy their shard at the same time, each over its own host link; stages copy side by side.</remarks>
/// <param name="BytesPerToken">KV of a token on the device that holds most of it.</param>
/// <param name="CopiesPerRun">Two per layer of that device, one where the cache is latent.</param>
/// <param name="Launch">Dispatch of one copy.</param>
/// <param name="BytesPerSecond">Host link of one device, one direction.</param>
public sealed record CopyCosts(double BytesPerToken, int CopiesPerRun, Duration Launch, double BytesPerSecond)
{
    /// <summary>Dispatch of one copy from host code: 5-10 µs on the engines' Python path; the middle (c).</summary>
    public static readonly Duration UsualLaunch = Duration.FromNanoseconds(8_000);

    /// <param name="deployment">Whose KV is copied.</param>
    /// <param name="launch">Dispatch of one copy.</param>
    /// <param name="draft">A draft model on the same devices, whose KV of the same tokens goes with it; null for none.</param>
    public static CopyCosts Of(Deployment deployment, Duration launch, Deployment? draft = null)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        // The first stage has most layers.
        double bytes = deployment.Shards.KvBytesPerToken(0).Count;
        int copies = deployment.Model.KvTensorsPerLayer * deployment.Parallel.StageLayers(deployment.Model.Layers, 0);
        if (draft is not null)
        {
            bytes += (double)draft.Shards.KvBytesPerTokenLayer * draft.Model.Layers;
            copies += draft.Model.KvTensorsPerLayer * draft.Model.Layers;
        }
        return new(bytes, copies, launch, deployment.Device.HostBandwidth.Value);
    }

    /// <param name="tokens">Tokens to copy.</param>
    /// <param name="runs">Contiguous ranges that they lie in.</param>
    public Duration Of(long tokens, int runs) =>
        Duration.FromSeconds(tokens * BytesPerToken / BytesPerSecond) + Launch * ((long)runs * CopiesPerRun);
}
