using System.Runtime.CompilerServices;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>The loops over rows, written once; <typeparamref name="T"/> is always a group of sixteen lanes.</summary>
/// <remarks>The loops are compiled in full at their first call: without inlining each lane operation is a call, a hundred times slower.</remarks>
internal sealed unsafe class VectorOperations<T> : VectorOperations
    where T : struct, ILanes<T>
{
    public override void Exp(float* x, int count, float* y) => Map(x, x, count, y, default(ExpOperator<T>));

    public override void Tanh(float* x, int count, float* y) => Map(x, x, count, y, default(TanhOperator<T>));

    public override void Scale(float* x, int count, float factor, float* y) => Map(x, x, count, y, new ScaleOperator<T>(T.Broadcast(factor)));

    public override void SoftCap(float* x, int count, float cap, float* y) => Map(x, x, count, y, new SoftCapOperator<T>(T.Broadcast(cap)));

    public override void Add(float* a, float* b, int count, float* y) => Map(a, b, count, y, default(AddOperator<T>));

    public override void AddScaled(float* sum, float* x, float factor, int count, float* y) =>
        Map(sum, x, count, y, new AddScaledOperator<T>(T.Broadcast(factor)));

    public override void Multiply(float* a, float* b, int count, float* y) => Map(a, b, count, y, default(MultiplyOperator<T>));

    public override void SiluMultiply(float* gate, float* up, int count, float* y) => Map(gate, up, count, y, default(SiluMultiplyOperator<T>));

    public override void GeluMultiply(float* gate, float* up, int count, float* y) => Map(gate, up, count, y, default(GeluMultiplyOperator<T>));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float Dot(float* a, float* b, int count)
    {
        T sum = T.Zero;
        float* end = a + WholeGroups(count);
        for (; a < end; a += Lanes.Count, b += Lanes.Count) sum = T.Fma(T.Load(a), T.Load(b), sum);
        int rest = count % Lanes.Count;
        if (rest > 0) sum = T.Fma(LoadPart(a, rest, 0f), LoadPart(b, rest, 0f), sum);
        return T.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float Largest(float* x, int count)
    {
        T largest = T.Broadcast(float.NegativeInfinity);
        float* end = x + WholeGroups(count);
        for (; x < end; x += Lanes.Count) largest = T.Max(largest, T.Load(x));
        int rest = count % Lanes.Count;
        if (rest > 0) largest = T.Max(largest, LoadPart(x, rest, float.NegativeInfinity));
        return T.Largest(largest);
    }

    public override void RmsNorm(float* x, float* weight, int count, float epsilon, float* y)
    {
        float factor = 1f / MathF.Sqrt((Dot(x, x, count) / count) + epsilon);
        Scale(x, count, factor, y);
        if (weight is not null) Multiply(y, weight, count, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Softmax(float* x, int count, float* y)
    {
        T largest = T.Broadcast(Largest(x, count));
        T sum = T.Zero;
        int whole = WholeGroups(count);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            T power = LaneMath.Exp(T.Load(x + i) - largest);
            power.Store(y + i);
            sum += power;
        }
        int rest = count % Lanes.Count;
        if (rest > 0)
        {
            T power = LaneMath.Exp(LoadPart(x + whole, rest, float.NegativeInfinity) - largest);
            StorePart(power, y + whole, rest);
            sum += power;
        }
        T total = T.Broadcast(T.Sum(sum));
        for (int i = 0; i < whole; i += Lanes.Count) (T.Load(y + i) / total).Store(y + i);
        if (rest > 0) StorePart(LoadPart(y + whole, rest, 0f) / total, y + whole, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void WidenHalves(ushort* x, int count, float* y)
    {
        int whole = WholeGroups(count);
        for (int i = 0; i < whole; i += Lanes.Count) T.LoadHalves(x + i).Store(y + i);
        int rest = count % Lanes.Count;
        if (rest == 0) return;
        ushort* part = stackalloc ushort[Lanes.Count];
        new Span<ushort>(part, Lanes.Count).Clear();
        new ReadOnlySpan<ushort>(x + whole, rest).CopyTo(new Span<ushort>(part, rest));
        StorePart(T.LoadHalves(part), y + whole, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void NarrowToHalves(float* x, int count, ushort* y)
    {
        int whole = WholeGroups(count);
        for (int i = 0; i < whole; i += Lanes.Count) T.Load(x + i).StoreHalves(y + i);
        int rest = count % Lanes.Count;
        if (rest == 0) return;
        ushort* part = stackalloc ushort[Lanes.Count];
        LoadPart(x + whole, rest, 0f).StoreHalves(part);
        new ReadOnlySpan<ushort>(part, rest).CopyTo(new Span<ushort>(y + whole, rest));
    }

    private static int WholeGroups(int count) => count & ~(Lanes.Count - 1);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TOperator>(float* a, float* b, int count, float* y, TOperator map)
        where TOperator : struct, ILaneOperator<T>
    {
        float* end = a + WholeGroups(count);
        for (; a < end; a += Lanes.Count, b += Lanes.Count, y += Lanes.Count) map.Apply(T.Load(a), T.Load(b)).Store(y);
        int rest = count % Lanes.Count;
        if (rest > 0) StorePart(map.Apply(LoadPart(a, rest, 0f), LoadPart(b, rest, 0f)), y, rest);
    }

    /// <summary>Fewer elements than lanes: nothing is read beyond the row.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadPart(float* source, int count, float fill)
    {
        float* part = stackalloc float[Lanes.Count];
        for (int i = 0; i < Lanes.Count; i++) part[i] = i < count ? source[i] : fill;
        return T.Load(part);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(T value, float* target, int count)
    {
        float* part = stackalloc float[Lanes.Count];
        value.Store(part);
        for (int i = 0; i < count; i++) target[i] = part[i];
    }
}
