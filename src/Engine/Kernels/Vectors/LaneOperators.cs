using System.Runtime.CompilerServices;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>What is done to each element of one or two rows. A structure, so that the loop around it is compiled with it.</summary>
internal interface ILaneOperator<T>
    where T : struct, ILanes<T>
{
    T Apply(T a, T b);
}

internal readonly struct ExpOperator<T> : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => LaneMath.Exp(a);
}

internal readonly struct TanhOperator<T> : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => LaneMath.Tanh(a);
}

internal readonly struct ScaleOperator<T>(T factor) : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => a * factor;
}

internal readonly struct AddOperator<T> : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => a + b;
}

/// <summary>a + factor * b, rounded once.</summary>
internal readonly struct AddScaledOperator<T>(T factor) : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => T.Fma(b, factor, a);
}

internal readonly struct MultiplyOperator<T> : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => a * b;
}

internal readonly struct SoftCapOperator<T>(T cap) : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => cap * LaneMath.Tanh(a / cap);
}

internal readonly struct SiluMultiplyOperator<T> : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b) => a / (T.Broadcast(1f) + LaneMath.Exp(T.Zero - a)) * b;
}

/// <summary>The tanh form through (1 + tanh z)/2 = 1/(1 + e^-2z), which keeps its digits for negative arguments.</summary>
internal readonly struct GeluMultiplyOperator<T> : ILaneOperator<T>
    where T : struct, ILanes<T>
{
    /// <summary>Weight of the cube in the tanh form of GELU (Hendrycks and Gimpel 2016, section 2) (c).</summary>
    public const float Cubic = 0.044715f;

    /// <summary>-2 sqrt(2/pi).</summary>
    public const float Slope = -1.5957691216f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T a, T b)
    {
        T one = T.Broadcast(1f);
        T inner = T.Fma(T.Broadcast(Cubic), a * a, one);
        return a / (one + LaneMath.Exp(T.Broadcast(Slope) * a * inner)) * b;
    }
}
