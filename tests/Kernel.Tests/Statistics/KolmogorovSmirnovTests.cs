using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Tests.Statistics;

public sealed class KolmogorovSmirnovTests
{
    [Fact]
    public void Known_distances_from_the_uniform_law()
    {
        static double uniform(double x) => Math.Clamp(x, 0, 1);
        Assert.Equal(0.5, KolmogorovSmirnov.Distance([0.5], uniform), 1e-12);
        // Quarter points are as near as four samples can be: an eighth.
        Assert.Equal(0.125, KolmogorovSmirnov.Distance([0.875, 0.125, 0.625, 0.375], uniform), 1e-12);
        Assert.Equal(1, KolmogorovSmirnov.Distance([2, 3], uniform), 1e-12);
        Assert.Equal(0, KolmogorovSmirnov.Distance([], uniform));
    }
}
