using Orrery.Engine.Tensors;

namespace Orrery.Engine.Kernels;

/// <summary>A matrix as a model file stores it: rows one after the other, each a whole number of blocks.</summary>
/// <param name="type">How the numbers are stored.</param>
/// <param name="data">The first row.</param>
/// <param name="rows">Outputs.</param>
/// <param name="columns">Inputs, a multiple of the type's block.</param>
public readonly unsafe struct StoredMatrix(TensorType type, byte* data, int rows, int columns)
{
    public TensorType Type { get; } = type;

    public byte* Data { get; } = data;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public long RowBytes => Type.RowBytes(Columns);
}
