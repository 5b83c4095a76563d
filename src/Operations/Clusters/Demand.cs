namespace Orrery.Operations.Clusters;

/// <summary>What a task uses or a node has of each resource, in shares of the largest machine of the cluster (as cell traces normalise them).</summary>
/// <param name="Cpu">Processor time.</param>
/// <param name="Memory">Memory.</param>
/// <param name="Disk">Disk.</param>
public readonly record struct Demand(double Cpu, double Memory, double Disk)
{
    public static Demand operator +(Demand a, Demand b) => new(a.Cpu + b.Cpu, a.Memory + b.Memory, a.Disk + b.Disk);

    public static Demand operator -(Demand a, Demand b) => new(a.Cpu - b.Cpu, a.Memory - b.Memory, a.Disk - b.Disk);

    public static Demand operator *(Demand a, double factor) => new(a.Cpu * factor, a.Memory * factor, a.Disk * factor);

    /// <summary>Use over capacity, resource by resource.</summary>
    public Demand Over(Demand capacity) => new(Cpu / capacity.Cpu, Memory / capacity.Memory, Disk / capacity.Disk);

    /// <summary>The largest of the three.</summary>
    public double Largest => Math.Max(Cpu, Math.Max(Memory, Disk));

    /// <summary>The mean of the three.</summary>
    public double Mean => (Cpu + Memory + Disk) / 3;

    /// <summary>True when no resource is above the capacity.</summary>
    public bool FitsIn(Demand capacity) => Cpu <= capacity.Cpu && Memory <= capacity.Memory && Disk <= capacity.Disk;

    /// <summary>How far it is above the capacity: the sum over resources of max(0, use/capacity − 1).</summary>
    public double Overload(Demand capacity) =>
        Math.Max(0, (Cpu / capacity.Cpu) - 1) + Math.Max(0, (Memory / capacity.Memory) - 1) + Math.Max(0, (Disk / capacity.Disk) - 1);
}
