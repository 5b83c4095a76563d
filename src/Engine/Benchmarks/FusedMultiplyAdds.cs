using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Orrery.Engine.Kernels.Lanes;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Benchmarks;

/// <summary>Fused multiply-adds on twelve independent vectors: enough to fill every pipeline, nothing that waits for memory.</summary>
internal sealed class FusedMultiplyAdds : IParallelWork
{
    private const int Chains = 12;

    private const int Rounds = 2_000_000;

    /// <summary>Operations that each thread does.</summary>
    public long FlopsPerWorker => 2L * Chains * Rounds * Width;

    /// <summary>What was computed, so that no compiler may leave it out.</summary>
    public float Checksum { get; private set; }

    private static int Width => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

    public void Run(int worker, int workers) => Checksum += Width switch
    {
        16 => Vector512.Sum(Chain<Avx512Lanes, Vector512<int>>().AsSingle()),
        8 => Vector256.Sum(Chain<Avx2Lanes, Vector256<int>>().AsSingle()),
        _ => Vector128.Sum(Chain<PortableLanes, Vector128<int>>().AsSingle()),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVector Chain<TLanes, TVector>()
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        // A factor below one keeps the values finite and far from subnormal numbers.
        TVector factor = TLanes.Broadcast(BitConverter.SingleToInt32Bits(0.999f));
        TVector term = TLanes.Broadcast(BitConverter.SingleToInt32Bits(0.5f));
        TVector a = term, b = term, c = term, d = term, e = term, f = term, g = term, h = term, i = term, j = term, k = term, l = term;
        for (int round = 0; round < Rounds; round++)
        {
            a = TLanes.MultiplyAdd(a, factor, term);
            b = TLanes.MultiplyAdd(b, factor, term);
            c = TLanes.MultiplyAdd(c, factor, term);
            d = TLanes.MultiplyAdd(d, factor, term);
            e = TLanes.MultiplyAdd(e, factor, term);
            f = TLanes.MultiplyAdd(f, factor, term);
            g = TLanes.MultiplyAdd(g, factor, term);
            h = TLanes.MultiplyAdd(h, factor, term);
            i = TLanes.MultiplyAdd(i, factor, term);
            j = TLanes.MultiplyAdd(j, factor, term);
            k = TLanes.MultiplyAdd(k, factor, term);
            l = TLanes.MultiplyAdd(l, factor, term);
        }
        return TLanes.AddSingle(TLanes.AddSingle(Sum<TLanes, TVector>(a, b, c, d), Sum<TLanes, TVector>(e, f, g, h)), Sum<TLanes, TVector>(i, j, k, l));
    }

    private static TVector Sum<TLanes, TVector>(TVector a, TVector b, TVector c, TVector d)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.AddSingle(TLanes.AddSingle(a, b), TLanes.AddSingle(c, d));
}
