using Orrery.Engine.Kernels.Formats;
using Orrery.Engine.Tensors;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>
/// What the kernels compute, one number at a time and straight from the file's blocks: the meaning of a product. Every kernel gives these bits.
/// </summary>
internal static unsafe class ScalarProduct
{
    /// <summary>The product of one stored row of weights and one row of activations.</summary>
    public static float Dot(in StoredMatrix weights, int row, ReadOnlySpan<float> x)
    {
        byte* stored = weights.Data + (row * weights.RowBytes);
        if (!weights.Type.IsQuantized()) return DotSingles(weights.Type, stored, x);
        int unitColumns = weights.Type.BlockElements();
        byte* codes = stackalloc byte[TensorTypes.SuperBlock];
        Span<int> integers = stackalloc int[BlockColumns];
        float result = 0;
        for (int column = 0; column < x.Length; column += unitColumns, stored += weights.Type.BlockBytes())
        {
            FileBlocks.Read(weights.Type, stored, codes, out UnitScales scales);
            for (int block = 0; block < unitColumns / BlockColumns; block++)
            {
                float scale = Quantise(x.Slice(column + (block * BlockColumns), BlockColumns), integers);
                result = AddBlock(weights.Type, codes + (block * BlockColumns), scales, block, integers, scale, result);
            }
        }
        return result;
    }

    /// <summary>Sixteen-bit integers and their scale: largest magnitude / 32,767.</summary>
    private static float Quantise(ReadOnlySpan<float> values, Span<int> integers)
    {
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        float scale = largest / Activations.Limit;
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < values.Length; i++)
            integers[i] = (int)Math.Clamp(MathF.Round(values[i] * inverse, MidpointRounding.ToEven), -Activations.Limit, Activations.Limit);
        return scale;
    }

    private static float AddBlock(TensorType type, byte* codes, in UnitScales scales, int block, ReadOnlySpan<int> x, float xScale, float result)
    {
        bool hasHalves = type is TensorType.Q6_K or TensorType.Q3_K or TensorType.Q2_K;
        int parts = hasHalves ? 2 : 1;
        int columns = BlockColumns / parts;
        for (int part = 0; part < parts; part++)
        {
            (float scale, float? minimum, int offset) = Weight(type, scales, (block * parts) + part);
            int sum = 0;
            int plain = 0;
            for (int i = part * columns; i < (part + 1) * columns; i++)
            {
                sum += (codes[i] - offset) * x[i];
                plain += x[i];
            }
            result = MathF.FusedMultiplyAdd(sum, scale * xScale, result);
            if (minimum is { } value) result = MathF.FusedMultiplyAdd(value, xScale * plain, result);
        }
        return result;
    }

    private static (float Scale, float? Minimum, int Offset) Weight(TensorType type, in UnitScales scales, int part)
    {
        var factor = (float)BitConverter.UInt16BitsToHalf(scales.Factor);
        var minimumFactor = (float)BitConverter.UInt16BitsToHalf(scales.MinimumFactor);
        return type switch
        {
            TensorType.Q8_0 => (factor, null, 128),
            TensorType.Q4_0 => (factor, null, 8),
            TensorType.Q5_0 => (factor, null, 16),
            TensorType.Q4_1 or TensorType.Q5_1 => (factor, minimumFactor, 0),
            TensorType.Q6_K => (factor * (sbyte)scales.Scales[part], null, 32),
            TensorType.Q3_K => (factor * (sbyte)scales.Scales[part], null, 4),
            _ => (factor * scales.Scales[part], minimumFactor * scales.Minima[part], 0),
        };
    }

    private static float DotSingles(TensorType type, byte* stored, ReadOnlySpan<float> x)
    {
        float result = 0;
        for (int i = 0; i < x.Length; i++)
        {
            float weight = type switch
            {
                TensorType.F32 => ((float*)stored)[i],
                TensorType.F16 => (float)BitConverter.UInt16BitsToHalf(((ushort*)stored)[i]),
                _ => BitConverter.Int32BitsToSingle(((ushort*)stored)[i] << 16),
            };
            result = MathF.FusedMultiplyAdd(weight, x[i], result);
        }
        return result;
    }
}
