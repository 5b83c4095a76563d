using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Tests.Statistics;

public sealed class WideSumTests
{
    [Fact]
    public void SumsOfNumbersAndProductsAreExact()
    {
        RandomStream random = RandomStream.Root(5);
        WideSum sum = default;
        Int128 expected = 0;
        for (int i = 0; i < 10_000; i++)
        {
            long a = unchecked((long)random.NextUInt64()) >> (i % 60);
            long b = unchecked((long)random.NextUInt64()) >> (i % 37 + 8);
            sum.Add(a);
            sum.AddProduct(a, b);
            expected += a + ((Int128)a * b);
            Assert.Equal(expected, sum.Value);
        }
    }
}
