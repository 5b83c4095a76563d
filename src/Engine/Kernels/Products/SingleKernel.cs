using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Instructions;
using static Orrery.Engine.Kernels.Formats.TileLayout;
using static Orrery.Engine.Kernels.Products.ProductScratch;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Products with unquantised weights: result = fma(weight, activation, result), column by column, the same bits whatever is done beside it.</summary>
internal sealed unsafe class SingleKernel<TSet, TVector, TSingles> : IProductKernel
    where TSet : struct, IInstructions<TVector>
    where TVector : struct
    where TSingles : struct, ISingles
{
    private const int ResultStride = TilesTogether * Rows;

    /// <summary>Columns whose singles fill a tile's panel.</summary>
    private const int PanelColumns = PanelBytes / LineBytes;

    private static bool IsStoredAsUsed => typeof(TSingles) == typeof(StoredSingles);

    public void Run(in ProductShare share)
    {
        for (int tile = share.FirstTile; tile < share.EndTile; tile += TilesTogether)
        {
            int tiles = Math.Min(TilesTogether, share.EndTile - tile);
            for (int row = 0; row < share.Activations.Count; row += BandRows)
                RunBand(share, tile, tiles, row, Math.Min(BandRows, share.Activations.Count - row));
        }
    }

    public void DecodeRow(byte* tiles, in PackedShape shape, int row, byte* scratch, Span<float> values)
    {
        byte* tile = tiles + (row / Rows * shape.TileBytes);
        int lane = row % Rows;
        for (int column = 0; column < shape.Columns; column += PanelColumns)
        {
            int columns = Math.Min(PanelColumns, shape.Columns - column);
            Unpack(tile, column, columns, scratch);
            for (int i = 0; i < columns; i++) values[column + i] = ((float*)(scratch + (i * LineBytes)))[lane];
        }
    }

    private static void RunBand(in ProductShare share, int tile, int tiles, int firstRow, int rows)
    {
        byte* panel = share.Scratch;
        var results = (float*)(panel + (TilesTogether * PanelBytes));
        new Span<float>(results, rows * ResultStride).Clear();
        byte* first = share.Tiles + (tile * share.Shape.TileBytes);
        for (int column = 0; column < share.Shape.Columns; column += PanelColumns)
        {
            int columns = Math.Min(PanelColumns, share.Shape.Columns - column);
            byte* weights = panel;
            long tileStep = PanelBytes;
            if (IsStoredAsUsed)
            {
                weights = first + ((long)column * LineBytes);
                tileStep = share.Shape.TileBytes;
            }
            else
            {
                for (int i = 0; i < tiles; i++) Unpack(first + (i * share.Shape.TileBytes), column, columns, panel + (i * PanelBytes));
            }
            for (int row = firstRow, group; row < firstRow + rows; row += group)
            {
                group = Activations.GroupAt(row, share.Activations.Count);
                float* x = share.Activations.Values + ((long)row * share.Shape.Columns) + ((long)column * group);
                MultiplyGroup(group, tiles, weights, tileStep, x, columns, results + ((row - firstRow) * ResultStride));
            }
        }
        Results.Deliver(results, ResultStride, share, firstRow, rows, tile * Rows, Math.Min(tiles * Rows, share.Shape.Rows - (tile * Rows)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Unpack(byte* tile, int firstColumn, int columns, byte* panel)
    {
        for (int row = 0; row < Rows; row += TSet.Count)
        {
            byte* from = tile + ((((long)firstColumn * Rows) + row) * TSingles.ElementBytes);
            byte* to = panel + (row * sizeof(float));
            for (int column = 0; column < columns; column++, from += Rows * TSingles.ElementBytes, to += LineBytes)
            {
                Prefetch.Line(from);
                TSet.Store(to, TSingles.Load<TSet, TVector>(from));
            }
        }
    }

    private static void MultiplyGroup(int group, int tiles, byte* weights, long tileStep, float* x, int columns, float* results)
    {
        bool spansTile = TSet.Count == Rows;
        int vectors = tiles * Rows / TSet.Count;
        for (int vector = 0; vector < vectors; vector += 2)
        {
            int output = vector * TSet.Count;
            byte* w = weights + (output / Rows * tileStep) + (output % Rows * sizeof(float));
            // A last tile without a neighbour is multiplied with itself; the second result falls into unused room.
            long wStep = vector + 1 == vectors ? 0 : spansTile ? tileStep : TSet.Count * sizeof(float);
            switch (group)
            {
                case 4: Multiply4(w, wStep, x, columns, results + output); break;
                case 2: Multiply2(w, wStep, x, columns, results + output); break;
                default: Multiply1(w, wStep, x, columns, results + output); break;
            }
        }
    }

    /// <summary>Two vectors of rows against four rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4(byte* w, long wStep, float* x, int columns, float* results)
    {
        TVector a0 = TSet.Load(results), b0 = TSet.Load(results + TSet.Count);
        TVector a1 = TSet.Load(results + ResultStride), b1 = TSet.Load(results + ResultStride + TSet.Count);
        TVector a2 = TSet.Load(results + (2 * ResultStride)), b2 = TSet.Load(results + (2 * ResultStride) + TSet.Count);
        TVector a3 = TSet.Load(results + (3 * ResultStride)), b3 = TSet.Load(results + (3 * ResultStride) + TSet.Count);
        float* end = x + ((long)columns * 4);
        do
        {
            TVector w0 = TSet.Load(w), w1 = TSet.Load(w + wStep);
            TVector x0 = TSet.Broadcast((void*)x);
            a0 = TSet.MultiplyAdd(w0, x0, a0);
            b0 = TSet.MultiplyAdd(w1, x0, b0);
            TVector x1 = TSet.Broadcast((void*)(x + 1));
            a1 = TSet.MultiplyAdd(w0, x1, a1);
            b1 = TSet.MultiplyAdd(w1, x1, b1);
            TVector x2 = TSet.Broadcast((void*)(x + 2));
            a2 = TSet.MultiplyAdd(w0, x2, a2);
            b2 = TSet.MultiplyAdd(w1, x2, b2);
            TVector x3 = TSet.Broadcast((void*)(x + 3));
            a3 = TSet.MultiplyAdd(w0, x3, a3);
            b3 = TSet.MultiplyAdd(w1, x3, b3);
            w += LineBytes;
            x += 4;
        }
        while (x < end);
        TSet.Store(results, a0);
        TSet.Store(results + TSet.Count, b0);
        TSet.Store(results + ResultStride, a1);
        TSet.Store(results + ResultStride + TSet.Count, b1);
        TSet.Store(results + (2 * ResultStride), a2);
        TSet.Store(results + (2 * ResultStride) + TSet.Count, b2);
        TSet.Store(results + (3 * ResultStride), a3);
        TSet.Store(results + (3 * ResultStride) + TSet.Count, b3);
    }

    /// <summary>Two vectors of rows against two rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply2(byte* w, long wStep, float* x, int columns, float* results)
    {
        TVector a0 = TSet.Load(results), b0 = TSet.Load(results + TSet.Count);
        TVector a1 = TSet.Load(results + ResultStride), b1 = TSet.Load(results + ResultStride + TSet.Count);
        float* end = x + ((long)columns * 2);
        do
        {
            TVector w0 = TSet.Load(w), w1 = TSet.Load(w + wStep);
            TVector x0 = TSet.Broadcast((void*)x);
            a0 = TSet.MultiplyAdd(w0, x0, a0);
            b0 = TSet.MultiplyAdd(w1, x0, b0);
            TVector x1 = TSet.Broadcast((void*)(x + 1));
            a1 = TSet.MultiplyAdd(w0, x1, a1);
            b1 = TSet.MultiplyAdd(w1, x1, b1);
            w += LineBytes;
            x += 2;
        }
        while (x < end);
        TSet.Store(results, a0);
        TSet.Store(results + TSet.Count, b0);
        TSet.Store(results + ResultStride, a1);
        TSet.Store(results + ResultStride + TSet.Count, b1);
    }

    /// <summary>Two vectors of rows against one row of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply1(byte* w, long wStep, float* x, int columns, float* results)
    {
        TVector a0 = TSet.Load(results), b0 = TSet.Load(results + TSet.Count);
        float* end = x + columns;
        do
        {
            TVector w0 = TSet.Load(w), w1 = TSet.Load(w + wStep);
            TVector x0 = TSet.Broadcast((void*)x);
            a0 = TSet.MultiplyAdd(w0, x0, a0);
            b0 = TSet.MultiplyAdd(w1, x0, b0);
            w += LineBytes;
            x++;
        }
        while (x < end);
        TSet.Store(results, a0);
        TSet.Store(results + TSet.Count, b0);
    }
}
