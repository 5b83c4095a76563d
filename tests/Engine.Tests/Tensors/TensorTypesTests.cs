using Orrery.Engine.Tensors;

namespace Orrery.Engine.Tests.Tensors;

public sealed class TensorTypesTests
{
    [Theory]
    [InlineData(TensorType.F32, 32.0)]
    [InlineData(TensorType.F16, 16.0)]
    [InlineData(TensorType.BF16, 16.0)]
    [InlineData(TensorType.Q8_0, 8.5)]
    [InlineData(TensorType.Q4_0, 4.5)]
    [InlineData(TensorType.Q4_1, 5.0)]
    [InlineData(TensorType.Q5_0, 5.5)]
    [InlineData(TensorType.Q5_1, 6.0)]
    [InlineData(TensorType.Q2_K, 2.625)]
    [InlineData(TensorType.Q3_K, 3.4375)]
    [InlineData(TensorType.Q4_K, 4.5)]
    [InlineData(TensorType.Q5_K, 5.5)]
    [InlineData(TensorType.Q6_K, 6.5625)]
    public void Bits_of_a_weight_are_the_published_ones(TensorType type, double bits) =>
        Assert.Equal(bits, type.RowBytes(TensorTypes.SuperBlock) * 8.0 / TensorTypes.SuperBlock);

    [Fact]
    public void Every_type_has_a_block() => Assert.All(TensorTypes.All, type => Assert.True(type.BlockBytes() >= 2 && type.BlockElements() >= 1));
}
