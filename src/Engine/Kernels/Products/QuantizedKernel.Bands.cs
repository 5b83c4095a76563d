using System.Runtime.CompilerServices;
using static Orrery.Engine.Kernels.Formats.TileLayout;
using static Orrery.Engine.Kernels.Products.ProductScratch;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Several rows of activations: a chunk of two tiles is unpacked once and used for all of them.</summary>
internal sealed unsafe partial class QuantizedKernel<TSet, TVector, TPlanes, TScales>
{
    private const int ResultStride = TilesTogether * Rows;

    public void DecodeRow(byte* tiles, in PackedShape shape, int row, byte* scratch, Span<float> values)
    {
        byte* tile = tiles + (row / Rows * shape.TileBytes);
        int lane = row % Rows;
        float* scales = (float*)(scratch + (TilesTogether * PanelBytes));
        float* minima = scales + (TilesTogether * PanelScales);
        for (int block = 0; block < shape.Blocks; block += ChunkBlocks)
        {
            int blocks = Math.Min(ChunkBlocks, shape.Blocks - block);
            UnpackChunk(tile, shape, block, blocks, scratch, scales, minima);
            for (int i = 0; i < blocks * BlockColumns; i += 2)
            {
                int pair = i % BlockColumns / 2;
                int part = Parts * (i / BlockColumns) + (TScales.HasHalves ? pair / (PairsPerBlock / 2) : 0);
                short* codes = (short*)(scratch + (i / 2 * LineBytes)) + (2 * lane);
                int column = ((block + (i / BlockColumns)) * BlockColumns) + FirstColumn(pair);
                float scale = scales[(part * Rows) + lane];
                float minimum = TScales.HasMinimum ? minima[(part * Rows) + lane] : 0;
                values[column] = (scale * codes[0]) + minimum;
                values[column + 2] = (scale * codes[1]) + minimum;
            }
        }
    }

    private static void RunBands(in ProductShare share)
    {
        for (int tile = share.FirstTile; tile < share.EndTile; tile += TilesTogether)
        {
            int tiles = Math.Min(TilesTogether, share.EndTile - tile);
            for (int row = 0; row < share.Activations.Count; row += BandRows)
                RunBand(share, tile, tiles, row, Math.Min(BandRows, share.Activations.Count - row));
        }
    }

    private static void RunBand(in ProductShare share, int tile, int tiles, int firstRow, int rows)
    {
        byte* panel = share.Scratch;
        float* scales = (float*)(panel + (TilesTogether * PanelBytes));
        float* minima = scales + (TilesTogether * PanelScales);
        float* results = minima + (TilesTogether * PanelScales);
        new Span<float>(results, rows * ResultStride).Clear();
        int blocks = share.Shape.Blocks;
        for (int block = 0; block < blocks; block += ChunkBlocks)
        {
            int chunk = Math.Min(ChunkBlocks, blocks - block);
            for (int i = 0; i < tiles; i++)
                UnpackChunk(share.Tiles + ((tile + i) * share.Shape.TileBytes), share.Shape, block, chunk, panel + (i * PanelBytes), scales + (i * PanelScales), minima + (i * PanelScales));
            for (int row = firstRow, group; row < firstRow + rows; row += group)
            {
                group = Activations.GroupAt(row, share.Activations.Count);
                MultiplyGroup(share.Activations, row, group, block, chunk, tiles, panel, scales, minima, results + ((row - firstRow) * ResultStride));
            }
        }
        Results.Deliver(results, ResultStride, share, firstRow, rows, tile * Rows, Math.Min(tiles * Rows, share.Shape.Rows - (tile * Rows)));
    }

    /// <summary>Unpacks some blocks of a tile: centred codes as 16-bit pairs, scales and minima as singles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UnpackChunk(byte* tile, in PackedShape shape, int firstBlock, int blocks, byte* panel, float* scales, float* minima)
    {
        byte* units = tile + ((long)firstBlock / TScales.UnitBlocks * TScales.UnitBytes);
        byte* planes = tile + shape.ScaleBytes + ((long)firstBlock * TPlanes.BlockBytes);
        int parts = Parts * TScales.UnitBlocks;
        for (int row = 0; row < Rows; row += TSet.Count)
        {
            for (int part = 0; part < blocks * Parts; part++)
            {
                byte* unit = units + (part / parts * TScales.UnitBytes);
                TSet.Store(scales + (part * Rows) + row, TScales.Scale<TSet, TVector>(unit, part % parts, row));
                if (TScales.HasMinimum) TSet.Store(minima + (part * Rows) + row, TScales.Minimum<TSet, TVector>(unit, part % parts, row));
            }
            byte* from = planes + (row * sizeof(int));
            byte* to = panel + (row * sizeof(int));
            for (int block = 0; block < blocks; block++, from += TPlanes.BlockBytes)
            {
                UnpackGroup(from, 0, ref to);
                UnpackGroup(from, 1, ref to);
                UnpackGroup(from, 2, ref to);
                UnpackGroup(from, 3, ref to);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackGroup(byte* from, int group, ref byte* to)
    {
        TPlanes.Unpack<TSet, TVector>(from, group, out TVector p0, out TVector p1, out TVector p2, out TVector p3);
        if (!TScales.HasMinimum)
        {
            TVector offset = TSet.Broadcast((1 << OffsetShift) * 0x00010001);
            p0 = TSet.Subtract16(p0, offset);
            p1 = TSet.Subtract16(p1, offset);
            p2 = TSet.Subtract16(p2, offset);
            p3 = TSet.Subtract16(p3, offset);
        }
        TSet.Store(to, p0);
        TSet.Store(to + LineBytes, p1);
        TSet.Store(to + (2 * LineBytes), p2);
        TSet.Store(to + (3 * LineBytes), p3);
        to += PairsPerGroup * LineBytes;
    }

    private static void MultiplyGroup(Activations x, int row, int group, int block, int blocks, int tiles, byte* panel, float* scales, float* minima, float* results)
    {
        long at = ((long)row * x.Blocks) + ((long)block * group);
        int* pairs = x.Pairs + (at * PairsPerBlock);
        float* xScales = x.Scales + at;
        float* weighted = x.Weighted + (3 * at);
        // Two vectors of rows share each activation loaded: both tiles where a vector spans one, else neighbours within a tile.
        bool spansTile = TSet.Count == Rows;
        int vectors = tiles * Rows / TSet.Count;
        for (int vector = 0; vector < vectors; vector += 2)
        {
            int output = vector * TSet.Count;
            int tile = output / Rows;
            int inTile = output % Rows;
            byte* w0 = panel + (tile * PanelBytes) + (inTile * sizeof(int));
            float* s0 = scales + (tile * PanelScales) + inTile;
            float* m0 = minima + (tile * PanelScales) + inTile;
            // A last tile without a neighbour is multiplied with itself; the second result falls into unused room.
            int second = vector + 1 < vectors ? 1 : 0;
            long wStep = second * (spansTile ? PanelBytes : TSet.Count * sizeof(int));
            long sStep = second * (spansTile ? PanelScales : TSet.Count);
            switch (group)
            {
                case 4: Multiply4(w0, wStep, s0, m0, sStep, pairs, xScales, weighted, blocks, results + output); break;
                case 2: Multiply2(w0, wStep, s0, m0, sStep, pairs, xScales, weighted, blocks, results + output); break;
                default: Multiply1(w0, wStep, s0, m0, sStep, pairs, xScales, weighted, blocks, results + output); break;
            }
        }
    }
}
