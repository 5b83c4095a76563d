using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Formats;
using Orrery.Engine.Kernels.Instructions;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Products with integer weights. For each output and block of columns: result = fma(integer sum, weight scale × activation scale, result).</summary>
/// <remarks>
/// The integer sums are exact, and the rounded operations of one output follow the order of its columns whatever is done beside it: one row or
/// five hundred, any share of the threads, any vector width give the same bits.
/// </remarks>
internal sealed unsafe partial class QuantizedKernel<TSet, TVector, TPlanes, TScales> : IProductKernel
    where TSet : struct, IInstructions<TVector>
    where TVector : struct
    where TPlanes : struct, IPlanes
    where TScales : struct, IScales
{
    /// <summary>Rows of activations up to which unpacking the weights anew for every four rows beats a panel in the cache: fewer where codes lie in two planes.</summary>
    private static int RowsFromPacked => TPlanes.Bits is 3 or 5 or 6 ? 8 : 16;

    // Inlining is asked for: a call in the loop would throw all vectors out of the registers.
    private static int Parts
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TScales.HasHalves ? 2 : 1;
    }

    /// <summary>Codes are stored with half their range added, unless a minimum is stored.</summary>
    private static int OffsetShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TScales.HasMinimum ? 0 : TPlanes.Bits - 1;
    }

    public void Run(in ProductShare share)
    {
        if (share.Activations.Count <= RowsFromPacked) RunPacked(share);
        else RunBands(share);
    }

    private static void RunPacked(in ProductShare share)
    {
        Activations x = share.Activations;
        int blocks = share.Shape.Blocks;
        float* results = stackalloc float[Activations.GroupRows * Rows];
        for (int tile = share.FirstTile; tile < share.EndTile; tile++)
        {
            byte* scales = share.Tiles + (tile * share.Shape.TileBytes);
            byte* planes = scales + share.Shape.ScaleBytes;
            for (int first = 0, group; first < x.Count; first += group)
            {
                group = Activations.GroupAt(first, x.Count);
                long at = (long)first * blocks;
                int* pairs = x.Pairs + (at * PairsPerBlock);
                for (int row = 0; row < Rows; row += TSet.Count)
                {
                    switch (group)
                    {
                        case 4: Packed4(planes, scales, row, pairs, x.Scales + at, x.Sums + (2 * at), x.Weighted + (3 * at), blocks, results + row); break;
                        case 2: Packed2(planes, scales, row, pairs, x.Scales + at, x.Sums + (2 * at), x.Weighted + (3 * at), blocks, results + row); break;
                        default: Packed1(planes, scales, row, pairs, x.Scales + at, x.Sums + (2 * at), x.Weighted + (3 * at), blocks, results + row); break;
                    }
                }
                Results.Deliver(results, Rows, share, first, group, tile * Rows, Math.Min(Rows, share.Shape.Rows - (tile * Rows)));
            }
        }
    }
}
