namespace Orrery.Engine.Tensors;

/// <summary>Encodes the super-blocks of the K types: a scale, and where the type has one a minimum, for each sub-block, themselves stored as small integers.</summary>
/// <remarks>
/// Own method (d): fit each sub-block alone, round its scale and minimum to the small integers, choose the codes with what is stored, then fit the
/// block's own scale and minimum to these codes once more and keep that when the squared error falls.
/// </remarks>
internal static class SuperBlockEncoder
{
    private const int HalfBytes = 2;
    private const int MostSubBlocks = 16;

    public static void Encode(TensorType type, ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> scales = stackalloc int[MostSubBlocks];
        Span<int> minima = stackalloc int[MostSubBlocks];
        Span<byte> codes = stackalloc byte[TensorTypes.SuperBlock];
        scales.Clear();
        minima.Clear();
        int at = SuperBlocks.ScaleAt(type);
        if (SuperBlocks.HasMinimum(type))
        {
            (float scale, float minimum) = WithMinimum(type, values, scales, minima, codes);
            Quantizer.PutHalf(block, at, scale);
            Quantizer.PutHalf(block, at + HalfBytes, minimum);
        }
        else
        {
            Quantizer.PutHalf(block, at, Symmetric(type, values, scales, codes));
        }
        SuperBlocks.WriteScales(type, scales, minima, block);
        SuperBlocks.WriteCodes(type, codes, block);
    }

    private static (float Scale, float Minimum) WithMinimum(TensorType type, ReadOnlySpan<float> values, Span<int> scales, Span<int> minima, Span<byte> codes)
    {
        int subBlock = SuperBlocks.SubBlock(type);
        int count = values.Length / subBlock;
        int maxCode = SuperBlocks.MaxCode(type);
        int maxSmall = type == TensorType.Q2_K ? 15 : 63;
        Span<float> fitted = stackalloc float[MostSubBlocks];
        Span<float> lowest = stackalloc float[MostSubBlocks];
        float maxScale = 0;
        float maxMinimum = 0;
        for (int s = 0; s < count; s++)
        {
            (fitted[s], float minimum) = ScaleFit.Range(values.Slice(s * subBlock, subBlock), maxCode, isSubBlock: true);
            lowest[s] = -minimum;
            maxScale = MathF.Max(maxScale, fitted[s]);
            maxMinimum = MathF.Max(maxMinimum, lowest[s]);
        }
        float scale = ScaleFit.AsHalf((double)maxScale / maxSmall);
        float floor = ScaleFit.AsHalf((double)maxMinimum / maxSmall);
        // A line through (scale * code, minimum) in two unknowns.
        double aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
        for (int s = 0; s < count; s++)
        {
            scales[s] = ScaleFit.Code(fitted[s], ScaleFit.Inverse(scale), 0, maxSmall);
            minima[s] = ScaleFit.Code(lowest[s], ScaleFit.Inverse(floor), 0, maxSmall);
            float inverse = ScaleFit.Inverse(scale * scales[s]);
            float minimum = floor * minima[s];
            for (int i = s * subBlock; i < (s + 1) * subBlock; i++)
            {
                int code = ScaleFit.Code(values[i] + minimum, inverse, 0, maxCode);
                codes[i] = (byte)code;
                double a = (double)scales[s] * code;
                double b = -minima[s];
                aa += a * a;
                ab += a * b;
                bb += b * b;
                ax += a * values[i];
                bx += b * values[i];
            }
        }
        double determinant = aa * bb - ab * ab;
        // Nearly parallel: one of the two explains what the other does.
        const double parallel = 1e-9;
        float betterScale = scale;
        float betterFloor = floor;
        if (determinant > parallel * aa * bb)
        {
            betterScale = ScaleFit.AsHalf((ax * bb - bx * ab) / determinant);
            betterFloor = ScaleFit.AsHalf((bx * aa - ax * ab) / determinant);
        }
        else if (aa > 0 && bb == 0)
        {
            betterScale = ScaleFit.AsHalf(ax / aa);
        }
        bool isBetter = Error(betterScale, betterFloor, aa, ab, bb, ax, bx) < Error(scale, floor, aa, ab, bb, ax, bx);
        return isBetter ? (betterScale, betterFloor) : (scale, floor);
    }

    private static float Symmetric(TensorType type, ReadOnlySpan<float> values, Span<int> scales, Span<byte> codes)
    {
        int subBlock = SuperBlocks.SubBlock(type);
        int count = values.Length / subBlock;
        int offset = SuperBlocks.Offset(type);
        // Signed integers of six bits in Q3_K and of eight in Q6_K.
        int smallLimit = type == TensorType.Q3_K ? 32 : 128;
        Span<float> fitted = stackalloc float[MostSubBlocks];
        float extreme = 0;
        for (int s = 0; s < count; s++)
        {
            fitted[s] = ScaleFit.Symmetric(values.Slice(s * subBlock, subBlock), offset, isHalf: false);
            if (MathF.Abs(fitted[s]) > MathF.Abs(extreme)) extreme = fitted[s];
        }
        float scale = ScaleFit.AsHalf((double)extreme / -smallLimit);
        double squares = 0;
        double products = 0;
        for (int s = 0; s < count; s++)
        {
            scales[s] = ScaleFit.Code(fitted[s], ScaleFit.Inverse(scale), -smallLimit, smallLimit - 1);
            float inverse = ScaleFit.Inverse(scale * scales[s]);
            for (int i = s * subBlock; i < (s + 1) * subBlock; i++)
            {
                int code = ScaleFit.Code(values[i], inverse, -offset, offset - 1);
                codes[i] = (byte)(code + offset);
                double a = (double)scales[s] * code;
                squares += a * a;
                products += a * values[i];
            }
        }
        if (squares == 0) return scale;
        float better = ScaleFit.AsHalf(products / squares);
        return Error(better, 0, squares, 0, 0, products, 0) < Error(scale, 0, squares, 0, 0, products, 0) ? better : scale;
    }

    /// <summary>Squared error of x ~ s a + m b, less the constant sum of x squared.</summary>
    private static double Error(double s, double m, double aa, double ab, double bb, double ax, double bx) =>
        s * s * aa + 2 * s * m * ab + m * m * bb - 2 * s * ax - 2 * m * bx;
}
