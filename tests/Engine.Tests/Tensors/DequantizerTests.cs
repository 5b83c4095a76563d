using System.Buffers.Binary;
using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Testing.Data;

namespace Orrery.Engine.Tests.Tensors;

/// <summary>Blocks made by hand, whose numbers follow from the layout with pencil and paper.</summary>
public sealed class DequantizerTests
{
    [Fact]
    public void Plain_types_are_what_they_say()
    {
        Assert.Equal([1.5f, -2f], Decode(TensorType.F32, [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0], 2));
        Assert.Equal([1f, -2f, 5.9604645E-08f], Decode(TensorType.F16, [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00], 3));
        Assert.Equal([1f, -2f, 3.140625f], Decode(TensorType.BF16, [0x80, 0x3F, 0x00, 0xC0, 0x49, 0x40], 3));
    }

    [Fact]
    public void Q8_0_is_scale_times_signed_byte()
    {
        byte[] block = Block(TensorType.Q8_0, (0, 0.5f));
        for (int i = 0; i < 32; i++) block[2 + i] = (byte)(sbyte)(i - 16);
        float[] values = Decode(TensorType.Q8_0, block, 32);
        for (int i = 0; i < 32; i++) Assert.Equal(0.5f * (i - 16), values[i]);
    }

    [Theory]
    [InlineData(TensorType.Q4_0, 0.25f, 0f, 8, 2)]
    [InlineData(TensorType.Q4_1, 0.25f, 3f, 0, 4)]
    public void Four_bits_lie_in_two_halves(TensorType type, float scale, float minimum, int offset, int head)
    {
        byte[] block = Block(type, (0, scale));
        if (minimum != 0) PutHalf(block, 2, minimum);
        // Byte j holds weight j below and weight j + 16 above.
        for (int j = 0; j < 16; j++) block[head + j] = (byte)(j | ((15 - j) << 4));
        float[] values = Decode(type, block, 32);
        for (int j = 0; j < 16; j++)
        {
            Assert.Equal((j - offset) * scale + minimum, values[j]);
            Assert.Equal((15 - j - offset) * scale + minimum, values[j + 16]);
        }
    }

    [Theory]
    [InlineData(TensorType.Q5_0, 0f, 16, 2)]
    [InlineData(TensorType.Q5_1, -1f, 0, 4)]
    public void The_fifth_bit_lies_in_a_word(TensorType type, float minimum, int offset, int head)
    {
        byte[] block = Block(type, (0, 2f));
        if (minimum != 0) PutHalf(block, 2, minimum);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(head), 0x8001_0002);
        for (int j = 0; j < 16; j++) block[head + 4 + j] = (byte)(j | (j << 4));
        float[] values = Decode(type, block, 32);
        for (int i = 0; i < 32; i++)
        {
            int code = i % 16 + (i is 1 or 16 or 31 ? 16 : 0);
            Assert.Equal((code - offset) * 2f + minimum, values[i]);
        }
    }

    [Fact]
    public void Q2_K_has_sixteen_scales_and_minima_of_four_bits()
    {
        byte[] block = Block(TensorType.Q2_K, (80, 1f), (82, 0.5f));
        for (int s = 0; s < 16; s++) block[s] = (byte)(s | ((15 - s) << 4));
        // Weight 0, 32, 64, 96 share the first byte of the first half; weight 128 starts the second.
        block[16] = 0b11_10_01_00;
        block[16 + 32 + 31] = 0b01_00_00_11;
        float[] values = Decode(TensorType.Q2_K, block, 256);
        Assert.Equal(0 * 0 - 0.5f * 15, values[0]);
        Assert.Equal(2 * 1 - 0.5f * 13, values[32]);
        Assert.Equal(4 * 2 - 0.5f * 11, values[64]);
        Assert.Equal(6 * 3 - 0.5f * 9, values[96]);
        Assert.Equal(9 * 3 - 0.5f * 6, values[128 + 31]);
        Assert.Equal(15 * 1 - 0f, values[255]);
    }

    [Fact]
    public void Q3_K_keeps_its_third_bits_and_scales_apart()
    {
        byte[] block = Block(TensorType.Q3_K, (108, 1f));
        // Scales 0, 5, 10 and 15 of the sixteen: low four bits, then two high bits, less 32.
        block[96 + 0] |= 0x1;
        block[96 + 8 + 0] |= 0b10;
        block[96 + 5] |= 0x2;
        block[96 + 8 + 1] |= 0b11 << 2;
        block[96 + 2] |= 0x3 << 4;
        block[96 + 8 + 2] |= 0b10 << 4;
        block[96 + 7] |= 0xF << 4;
        block[96 + 8 + 3] |= 0b11 << 6;
        block[32] = 0b01;
        block[0] = 0b1;
        block[32 + 32 + 31] = 0b11 << 6;
        float[] values = Decode(TensorType.Q3_K, block, 256);
        Assert.Equal((33 - 32) * 1f, values[0]);
        Assert.Equal((33 - 32) * -4f, values[1]);
        Assert.Equal((50 - 32) * -4f, values[5 * 16]);
        Assert.Equal((35 - 32) * -4f, values[10 * 16]);
        Assert.Equal((63 - 32) * (3 - 4f), values[255]);
        Assert.Equal((0 - 32) * -4f, values[16]);
    }

    [Theory]
    [InlineData(TensorType.Q4_K, 16)]
    [InlineData(TensorType.Q5_K, 48)]
    public void Q4_K_and_Q5_K_pack_scales_and_minima_in_six_bits(TensorType type, int codesAt)
    {
        byte[] block = Block(type, (0, 1f), (2, 0.5f));
        // Sub-block 1: scale 33, minimum 7. Sub-block 6: scale 0b100101, minimum 0b110011.
        block[4 + 1] = 33;
        block[4 + 5] = 7;
        block[4 + 10] = 0b0011_0101;
        block[4 + 2] |= 0b10 << 6;
        block[4 + 6] |= 0b11 << 6;
        block[codesAt] = 0x90;
        block[codesAt + 3 * 32 + 5] = 0x0C;
        // The fifth bit of weight 32 and of weight 197.
        if (type == TensorType.Q5_K) (block[16], block[16 + 5]) = (0b10, 0b100_0000);
        float fifth = type == TensorType.Q5_K ? 16 : 0;
        float[] values = Decode(type, block, 256);
        Assert.Equal(33 * (9 + fifth) - 3.5f, values[32]);
        Assert.Equal(-3.5f, values[33]);
        Assert.Equal(0b100101 * (12 + fifth) - 0.5f * 0b110011, values[192 + 5]);
        Assert.Equal(0f, values[0]);
    }

    [Fact]
    public void Q6_K_has_signed_scales_and_two_high_bits()
    {
        byte[] block = Block(TensorType.Q6_K, (208, 0.5f));
        for (int s = 0; s < 16; s++) block[192 + s] = (byte)(sbyte)(s - 8);
        // Weights 0, 32, 64 and 96 share the first byte of high bits.
        block[128] = 0b11_10_01_00;
        block[0] = 0x21;
        block[32] = 0x43;
        block[64 + 63] = 0xF0;
        block[128 + 63] = 0b11 << 6;
        float[] values = Decode(TensorType.Q6_K, block, 256);
        Assert.Equal(-8 * 0.5f * (1 - 32), values[0]);
        Assert.Equal(-6 * 0.5f * (3 + 16 - 32), values[32]);
        Assert.Equal(-4 * 0.5f * (2 + 32 - 32), values[64]);
        Assert.Equal(-2 * 0.5f * (4 + 48 - 32), values[96]);
        Assert.Equal(7 * 0.5f * 31, values[255]);
    }

    [Fact]
    public void Lengths_that_do_not_match_are_refused() =>
        Assert.Throws<ArgumentException>(() => Dequantizer.Decode(TensorType.Q8_0, new byte[34], new float[31]));

    /// <summary>The same random weights in every type: a layout read wrongly would not come near the F16 file's numbers.</summary>
    [Theory]
    [InlineData("rq-BF16.gguf", 0.01)]
    [InlineData("rq-Q8_0.gguf", 0.01)]
    [InlineData("rq-Q6_K.gguf", 0.03)]
    [InlineData("rq-Q5_K_M.gguf", 0.06)]
    [InlineData("rq-Q4_K_M.gguf", 0.12)]
    [InlineData("rq-Q4_0.gguf", 0.13)]
    public void Files_of_another_writer_agree_with_their_own_F16(string name, double relativeError)
    {
        string? coarse = PublicData.Find("random-gguf", name);
        string? fine = PublicData.Find("random-gguf", "rq-f16.gguf");
        Assert.SkipWhen(coarse is null || fine is null, "the public data are not here");
        using GgufFile file = GgufFile.Open(coarse!);
        using GgufFile reference = GgufFile.Open(fine!);
        foreach (GgufTensor tensor in file.Tensors)
        {
            float[] got = tensor.ToSingles();
            float[] expected = reference.Find(tensor.Name)!.ToSingles();
            double error = 0;
            double size = 0;
            for (int i = 0; i < got.Length; i++)
            {
                error += Math.Pow(got[i] - expected[i], 2);
                size += Math.Pow(expected[i], 2);
            }
            Assert.True(Math.Sqrt(error / size) <= relativeError, $"{tensor.Name} ({tensor.TypeName}): {Math.Sqrt(error / size)}");
        }
    }

    private static float[] Decode(TensorType type, byte[] blocks, int count)
    {
        float[] values = new float[count];
        Dequantizer.Decode(type, blocks, values);
        return values;
    }

    private static byte[] Block(TensorType type, params (int At, float Value)[] halves)
    {
        byte[] block = new byte[type.BlockBytes()];
        foreach ((int at, float value) in halves) PutHalf(block, at, value);
        return block;
    }

    private static void PutHalf(byte[] block, int at, float value) => BinaryPrimitives.WriteHalfLittleEndian(block.AsSpan(at), (Half)value);
}
