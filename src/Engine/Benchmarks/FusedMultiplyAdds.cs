using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Orrery.Engine.Kernels;
using Orrery.Engine.Kernels.Instructions;
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

    /// <summary>Lanes of the instructions that the engine uses: a forced narrower set is held against its own ceiling.</summary>
    private static int Width => InstructionSets.Best switch { InstructionSet.Avx512 => 16, InstructionSet.AvxVnni or InstructionSet.Avx2 => 8, _ => 4 };

    public void Run(int worker, int workers) => Checksum += Width switch
    {
        16 => Vector512.Sum(Chain<Avx512Instructions, Vector512<int>>().AsSingle()),
        8 => Vector256.Sum(Chain<Avx2Instructions, Vector256<int>>().AsSingle()),
        _ => Vector128.Sum(Chain<PortableInstructions, Vector128<int>>().AsSingle()),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVector Chain<TSet, TVector>()
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        // A factor below one keeps the values finite and far from subnormal numbers.
        TVector factor = TSet.Broadcast(BitConverter.SingleToInt32Bits(0.999f));
        TVector term = TSet.Broadcast(BitConverter.SingleToInt32Bits(0.5f));
        TVector a = term, b = term, c = term, d = term, e = term, f = term, g = term, h = term, i = term, j = term, k = term, l = term;
        for (int round = 0; round < Rounds; round++)
        {
            a = TSet.MultiplyAdd(a, factor, term);
            b = TSet.MultiplyAdd(b, factor, term);
            c = TSet.MultiplyAdd(c, factor, term);
            d = TSet.MultiplyAdd(d, factor, term);
            e = TSet.MultiplyAdd(e, factor, term);
            f = TSet.MultiplyAdd(f, factor, term);
            g = TSet.MultiplyAdd(g, factor, term);
            h = TSet.MultiplyAdd(h, factor, term);
            i = TSet.MultiplyAdd(i, factor, term);
            j = TSet.MultiplyAdd(j, factor, term);
            k = TSet.MultiplyAdd(k, factor, term);
            l = TSet.MultiplyAdd(l, factor, term);
        }
        return TSet.AddSingle(TSet.AddSingle(Sum<TSet, TVector>(a, b, c, d), Sum<TSet, TVector>(e, f, g, h)), Sum<TSet, TVector>(i, j, k, l));
    }

    private static TVector Sum<TSet, TVector>(TVector a, TVector b, TVector c, TVector d)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.AddSingle(TSet.AddSingle(a, b), TSet.AddSingle(c, d));
}
