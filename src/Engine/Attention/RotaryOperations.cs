using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>The rotation of one head, for one vector width.</summary>
internal abstract unsafe class RotaryOperations
{
    private static readonly RotaryOperations Narrow = new RotaryOperations<LanePair<LanePair<Lanes128>>>();
    private static readonly RotaryOperations Middle = new RotaryOperations<LanePair<Lanes256>>();
    private static readonly RotaryOperations Wide = new RotaryOperations<Lanes512>();

    public static RotaryOperations For(VectorWidth width) => width switch
    {
        VectorWidth.Bits512 => Wide,
        VectorWidth.Bits256 => Middle,
        _ => Narrow,
    };

    /// <summary>Neighbours form pairs.</summary>
    /// <param name="cosines">Of each element.</param>
    /// <param name="sines">Of each element, the first of a pair negated.</param>
    public abstract void Pairs(float* head, float* cosines, float* sines, int dimensions);

    /// <summary>Element i and element i + half form a pair.</summary>
    public abstract void Halves(float* head, float* cosines, float* sines, int half);
}

internal sealed unsafe class RotaryOperations<T> : RotaryOperations
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pairs(float* head, float* cosines, float* sines, int dimensions)
    {
        int i = 0;
        for (; i <= dimensions - Lanes.Count; i += Lanes.Count)
        {
            T x = T.Load(head + i);
            T.Fma(T.SwapPairs(x), T.Load(sines + i), x * T.Load(cosines + i)).Store(head + i);
        }
        for (; i < dimensions; i += 2) Rotate(head + i, head + i + 1, cosines[i], sines[i + 1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Halves(float* head, float* cosines, float* sines, int half)
    {
        float* positive = sines + half;
        int i = 0;
        for (; i <= half - Lanes.Count; i += Lanes.Count)
        {
            T a = T.Load(head + i);
            T b = T.Load(head + half + i);
            T cosine = T.Load(cosines + i);
            T.Fma(b, T.Load(sines + i), a * cosine).Store(head + i);
            T.Fma(a, T.Load(positive + i), b * cosine).Store(head + half + i);
        }
        for (; i < half; i++) Rotate(head + i, head + half + i, cosines[i], positive[i]);
    }

    private static void Rotate(float* first, float* second, float cosine, float sine)
    {
        float a = *first;
        float b = *second;
        *first = MathF.FusedMultiplyAdd(b, -sine, a * cosine);
        *second = MathF.FusedMultiplyAdd(a, sine, b * cosine);
    }
}
