using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Deployments;

namespace Orrery.Serving.Swap;

/// <summary>When a copy between device and host lets the step wait.</summary>
public enum CopyMode
{
    /// <summary>The next step starts when the copy has ended.</summary>
    Blocking,

    /// <summary>Steps go on beside it; only what needs the copy waits.</summary>
    Background,

    /// <summary>In the background while enough others run and the copy is short against a step, else blocking.</summary>
    Adaptive,
}

/// <summary>The <c>hostSwap:</c> of a KV memory: a pool in host memory to which preempted sequences are copied instead of being recomputed.</summary>
public sealed record SwapOptions
{
    public static readonly OptionSet<SwapOptions> Set = new OptionSet<SwapOptions>()
        .Bytes("size", o => o.Size, (o, v) => o with { Size = v }, "host memory per device", "vLLM v0: 4 GiB (c)")
        .Choice("out", o => o.Out, (o, v) => o with { Out = v },
            "how KV leaves the device; adaptive is background here", "vLLM v0: blocking (c); FastSwitch: background (b)")
        .Choice("in", o => o.In, (o, v) => o with { In = v },
            "how KV comes back", "vLLM v0: blocking (c); FastSwitch: adaptive (b)")
        .Duration("launch", o => o.Launch, (o, v) => o with { Launch = v },
            "dispatch of one copy; a copy moves keys or values of one layer and one contiguous run of blocks", "our choice (c)")
        .Int("minBatch", o => o.MinBatch, (o, v) => o with { MinBatch = v },
            "adaptive: others that must run for a copy to stay in the background", "our choice (d)")
        .Number("hideFactor", o => o.HideFactor, (o, v) => o with { HideFactor = v },
            "adaptive: a copy stays in the background while it takes at most this many of the last step's time", "our choice (d)")
        .Bool("reuse", o => o.Reuse, (o, v) => o with { Reuse = v },
            "copies stay valid: going out again copies only what was added, and the next turn of a conversation finds the turns before", "FastSwitch (b); vLLM v0: false (c)");

    /// <summary>Host memory per device.</summary>
    public Bytes Size { get; init; } = Bytes.FromGibibytes(4);

    public CopyMode Out { get; init; } = CopyMode.Blocking;

    public CopyMode In { get; init; } = CopyMode.Blocking;

    public Duration Launch { get; init; } = CopyCosts.UsualLaunch;

    public int MinBatch { get; init; } = 4;

    public double HideFactor { get; init; } = 8;

    public bool Reuse { get; init; }

    /// <summary>Reads <c>16GiB</c> or <c>{size: 16GiB, out: background, …}</c>.</summary>
    /// <exception cref="Kernel.InputException">Unknown key or value.</exception>
    public static SwapOptions Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Kind == NodeKind.Scalar) return new SwapOptions { Size = node.AsBytes() };
        MapReader map = node.AsMap();
        SwapOptions options = Set.Read(map);
        map.Done();
        return options;
    }

    /// <summary>An empty pool for one replica.</summary>
    public KvSwap Create(Deployment deployment, Deployment? draft = null)
    {
        CopyCosts costs = CopyCosts.Of(deployment, Launch, draft);
        return new(this, costs, (long)(Size.Count / costs.BytesPerToken));
    }
}
