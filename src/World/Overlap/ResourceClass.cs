namespace Orrery.World.Overlap;

/// <summary>The part of a device that an operation keeps busy. Operations of different classes may run beside each other.</summary>
public enum ResourceClass
{
    /// <summary>Matrix and vector units: products, prompt attention and the small kernels between them.</summary>
    Compute,

    /// <summary>Device memory: attention of decodes over the cache.</summary>
    Memory,

    /// <summary>Links between devices: collectives.</summary>
    Network,
}
