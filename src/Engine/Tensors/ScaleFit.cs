namespace Orrery.Engine.Tensors;

/// <summary>Finds the scale, and where a type has one the minimum, with which few codes describe some numbers best in the sense of least squares.</summary>
/// <remarks>Own method (d): a few starting scales that put the outermost number on an end of the range, each improved once by the least-squares scale of its codes; the smallest squared error wins.</remarks>
internal static class ScaleFit
{
    /// <summary>Numbers below this are stored as zero by every type with a half-precision scale, and their reciprocals would overflow.</summary>
    private const float Nothing = 1e-30f;

    /// <summary>Rounds of improvement of scale and minimum.</summary>
    private const int RangeRounds = 2;

    /// <summary>Starts of the search in a sub-block: how many steps more than the codes have would span the numbers. Stretched scales clip the ends and resolve the middle.</summary>
    private static readonly double[] SubBlockStretches = [-0.5, 0, 0.5, 1, 1.5];

    private static readonly double[] PlainStretch = [0];

    /// <summary>The largest finite half.</summary>
    private const double MaxHalf = 65504;

    /// <summary>The nearest number that a half can hold.</summary>
    public static float AsHalf(double value) => (float)(Half)Math.Clamp(value, -MaxHalf, MaxHalf);

    /// <summary>Code of a number on a scale without minimum.</summary>
    public static int Code(float value, float inverse, int least, int most) => (int)Math.Clamp(MathF.Round(value * inverse), least, most);

    /// <summary>The reciprocal of a scale; 0 for the scale 0, which leaves the code of zero.</summary>
    public static float Inverse(float scale) => MathF.Abs(scale) < Nothing ? 0 : 1 / scale;

    /// <summary>A signed scale s so that values are about s * code with codes from -<paramref name="limit"/> to limit - 1.</summary>
    /// <param name="values">The numbers, all finite.</param>
    /// <param name="limit">Half of the number of codes.</param>
    /// <param name="isHalf">True where the scale itself is stored as a half.</param>
    public static float Symmetric(ReadOnlySpan<float> values, int limit, bool isHalf)
    {
        float extreme = 0;
        foreach (float value in values)
            if (MathF.Abs(value) > MathF.Abs(extreme)) extreme = value;
        if (MathF.Abs(extreme) < Nothing) return 0;
        float best = 0;
        double bestError = double.PositiveInfinity;
        ReadOnlySpan<int> ends = [-limit, 1 - limit, limit - 1];
        foreach (int end in ends)
        {
            double improved = TrySymmetric(values, Round((double)extreme / end, isHalf), limit, ref best, ref bestError);
            TrySymmetric(values, Round(improved, isHalf), limit, ref best, ref bestError);
        }
        return best;
    }

    /// <summary>Scale and minimum so that values are about scale * code + minimum with codes from 0 to <paramref name="maxCode"/>.</summary>
    /// <param name="values">The numbers, all finite.</param>
    /// <param name="maxCode">The largest code.</param>
    /// <param name="isSubBlock">True in a super-block: scale and minimum are free numbers, and the minimum is not above zero. False where both are stored as halves.</param>
    public static (float Scale, float Minimum) Range(ReadOnlySpan<float> values, int maxCode, bool isSubBlock)
    {
        float low = isSubBlock ? 0 : float.PositiveInfinity;
        float high = float.NegativeInfinity;
        foreach (float value in values)
        {
            low = MathF.Min(low, value);
            high = MathF.Max(high, value);
        }
        float bestScale = 0;
        float bestMinimum = Round(low, !isSubBlock);
        double bestError = double.PositiveInfinity;
        foreach (double stretch in isSubBlock ? SubBlockStretches : PlainStretch)
        {
            double scale = ((double)high - low) / (maxCode + stretch);
            double minimum = low;
            for (int round = 0; round <= RangeRounds; round++)
            {
                float triedScale = Round(scale, !isSubBlock);
                float triedMinimum = Round(minimum, !isSubBlock);
                double error = RangeError(values, triedScale, triedMinimum, maxCode, out Sums sums);
                // A block that uses both ends of its codes is found again unchanged when its numbers are encoded once more.
                if (round > 0 && !isSubBlock && !sums.TouchesBothEnds) break;
                if (error < bestError) (bestScale, bestMinimum, bestError) = (triedScale, triedMinimum, error);
                else if (round > 0) break;
                scale = sums.Slope;
                minimum = sums.Intercept(scale);
                if (isSubBlock && minimum > 0) (scale, minimum) = (sums.SlopeThroughZero, 0);
                if (!(scale > 0)) break;
            }
        }
        return (bestScale, bestMinimum);
    }

    /// <summary>Keeps the scale when it is the best so far.</summary>
    /// <returns>The least-squares scale of its codes.</returns>
    private static double TrySymmetric(ReadOnlySpan<float> values, float scale, int limit, ref float best, ref double bestError)
    {
        float inverse = Inverse(scale);
        double error = 0;
        double products = 0;
        double squares = 0;
        foreach (float value in values)
        {
            float code = Math.Clamp(MathF.Round(value * inverse), -limit, limit - 1);
            double rest = (double)value - scale * code;
            error += rest * rest;
            products += (double)value * code;
            squares += code * code;
        }
        if (error < bestError) (best, bestError) = (scale, error);
        return squares > 0 ? products / squares : 0;
    }

    private static double RangeError(ReadOnlySpan<float> values, float scale, float minimum, int maxCode, out Sums sums)
    {
        float inverse = Inverse(scale);
        double error = 0;
        sums = new Sums(values.Length, maxCode);
        foreach (float value in values)
        {
            int code = Code(value - minimum, inverse, 0, maxCode);
            double rest = value - ((double)scale * code + minimum);
            error += rest * rest;
            sums.Add(value, code);
        }
        return error;
    }

    private static float Round(double value, bool isHalf) => isHalf ? AsHalf(value) : (float)Math.Clamp(value, float.MinValue, float.MaxValue);

    /// <summary>What a straight line through (code, value) needs.</summary>
    private struct Sums(int count, int maxCode)
    {
        private double _code;
        private double _codeSquare;
        private double _value;
        private double _product;
        private bool _touchesLow;
        private bool _touchesHigh;

        public readonly bool TouchesBothEnds => _touchesLow && _touchesHigh;

        public readonly double Slope
        {
            get
            {
                double spread = count * _codeSquare - _code * _code;
                return spread > 0 ? (count * _product - _value * _code) / spread : 0;
            }
        }

        public readonly double SlopeThroughZero => _codeSquare > 0 ? _product / _codeSquare : 0;

        public readonly double Intercept(double slope) => (_value - slope * _code) / count;

        public void Add(float value, int code)
        {
            _code += code;
            _codeSquare += (double)code * code;
            _value += value;
            _product += (double)value * code;
            _touchesLow |= code == 0;
            _touchesHigh |= code == maxCode;
        }
    }
}
