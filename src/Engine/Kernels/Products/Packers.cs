using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Formats;
using Orrery.Engine.Tensors;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Packs quantised blocks: a unit at a time, row after row.</summary>
internal sealed unsafe class BlockPacker<TPlanes, TScales>(TensorType type) : IPacker
    where TPlanes : struct, IPlanes
    where TScales : struct, IScales
{
    public PackedShape Shape(int rows, int columns)
    {
        long scaleBytes = AlignedMemory.RoundUp((long)columns / BlockColumns / TScales.UnitBlocks * TScales.UnitBytes);
        return new PackedShape(rows, columns, scaleBytes, scaleBytes + ((long)columns / BlockColumns * TPlanes.BlockBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Pack(byte* source, long rowBytes, int columns, int firstRow, int rows, in PackedShape shape, byte* tile)
    {
        int unitColumns = TScales.UnitBlocks * BlockColumns;
        int unitBytes = type.BlockBytes();
        byte* codes = stackalloc byte[ChunkColumns];
        byte* planes = tile + shape.ScaleBytes;
        // Unit by unit over all rows: the tile is written once, in order; the rows read are as many streams.
        for (int unit = 0; unit < columns / unitColumns; unit++)
        {
            for (int row = 0; row < rows; row++)
            {
                FileBlocks.Read(type, source + (row * rowBytes) + ((long)unit * unitBytes), codes, out UnitScales scales);
                TScales.Pack(scales, tile + ((long)unit * TScales.UnitBytes), firstRow + row);
                for (int block = 0; block < TScales.UnitBlocks; block++)
                    TPlanes.Pack(codes + (block * BlockColumns), planes + ((((long)unit * TScales.UnitBlocks) + block) * TPlanes.BlockBytes), firstRow + row);
            }
        }
    }
}

/// <summary>Packs unquantised weights: column after column, sixteen rows each.</summary>
internal sealed unsafe class SinglePacker<TSingles> : IPacker
    where TSingles : struct, ISingles
{
    public PackedShape Shape(int rows, int columns) => new(rows, columns, 0, AlignedMemory.RoundUp((long)columns * Rows * TSingles.ElementBytes));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Pack(byte* source, long rowBytes, int columns, int firstRow, int rows, in PackedShape shape, byte* tile)
    {
        for (int row = 0; row < rows; row++)
        {
            byte* from = source + (row * rowBytes);
            if (TSingles.ElementBytes == sizeof(float))
                for (int column = 0; column < columns; column++) ((float*)tile)[(column * Rows) + firstRow + row] = ((float*)from)[column];
            else
                for (int column = 0; column < columns; column++) ((ushort*)tile)[(column * Rows) + firstRow + row] = ((ushort*)from)[column];
        }
    }
}
