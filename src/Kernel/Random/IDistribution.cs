namespace Orrery.Kernel.Random;

/// <summary>A real-valued distribution. Immutable; the stream carries all state.</summary>
public interface IDistribution
{
    double Mean { get; }

    double Sample(RandomStream random);
}
