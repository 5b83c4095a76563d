using Orrery.Kernel;
using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>
/// Sizes of a KV cache that is contiguous in virtual addresses and mapped by physical pages (vAttention, ASPLOS 2025, b). Keys and values of
/// every layer are tensors of their own, so a block, what all of them need for the same tokens, is 2·L pages.
/// </summary>
/// <remarks>
/// tokens per page = g / (H_kv·d·bytes), with g the page and H_kv the KV heads of a device; with all layers in one tensor pair ("mega") a
/// token takes L times as much of a page, and a block is 2 pages. A latent cache is one tensor instead of two. Bytes of a page that hold no
/// whole token stay empty. L is of the first stage, which has most layers.
/// </remarks>
/// <param name="PageBytes">g.</param>
/// <param name="TokenBytes">What one token takes of one tensor on one device.</param>
/// <param name="PagesPerBlock">Pages mapped together on one device.</param>
public sealed record PageLayout(long PageBytes, long TokenBytes, int PagesPerBlock)
{
    /// <summary>Addresses that one process has: 47 bits on the usual 64-bit systems (c).</summary>
    public const long VirtualBytes = 1L << 47;

    /// <summary>Tokens per page, and of a block.</summary>
    public int BlockTokens => (int)Math.Min(PageBytes / TokenBytes, int.MaxValue);

    public long BlockBytes => PagesPerBlock * PageBytes;

    /// <exception cref="InputException">A page holds no token.</exception>
    public static PageLayout Of(Deployment deployment, long pageBytes, bool mega)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        int layers = deployment.Parallel.StageLayers(deployment.Model.Layers, 0);
        int tensors = deployment.Model.KvTensorsPerLayer;
        long tokenBytes = deployment.Shards.KvBytesPerTokenLayer / tensors * (mega ? layers : 1);
        if (tokenBytes <= pageBytes) return new(pageBytes, tokenBytes, mega ? tensors : tensors * layers);
        throw new InputException($"memory: a token of {deployment.Model.Name} takes {tokenBytes} bytes of a page, more than its {pageBytes}; write a larger pageSize or megaLayout: false");
    }

    /// <summary>Addresses of one slot: every tensor for the longest sequence, in whole pages.</summary>
    public long SlotBytes(int maxTokens) => PagesPerBlock * ((maxTokens + (long)BlockTokens - 1) / BlockTokens) * PageBytes;

    /// <summary>Slots that the addresses of a process hold.</summary>
    public int SlotsInAddressSpace(int maxTokens) => (int)Math.Clamp(VirtualBytes / SlotBytes(maxTokens), 1, int.MaxValue);

    /// <summary>Blocks that the bytes of so many blocks of whole tokens back.</summary>
    internal int Backed(int blocks) => (int)((Int128)blocks * BlockTokens * TokenBytes / PageBytes);
}
