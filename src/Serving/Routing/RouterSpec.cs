using Orrery.Kernel.Random;

namespace Orrery.Serving.Routing;

/// <summary>A router as data: named, comparable, what a scenario holds. Its options are the properties of the derived record.</summary>
public abstract record RouterSpec
{
    /// <summary>A fresh router for one fleet.</summary>
    /// <param name="random">The fleet's stream for routing; choices are keyed by request, so they do not depend on what else was drawn.</param>
    public abstract IRouter Create(RandomStream random);
}
