using System.Runtime.InteropServices;
using Orrery.Engine.Kernels;
using Orrery.Engine.Tensors;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Kernels;

/// <summary>Random blocks of a format: all codes and integer scales occur; the half-precision factors are of a model's size, subnormal ones among them.</summary>
internal sealed unsafe class StoredWeights : IDisposable
{
    private readonly byte* _data;

    public StoredWeights(TensorType type, int rows, int columns, ulong seed = 1)
    {
        long bytes = type.RowBytes(columns) * rows;
        _data = (byte*)NativeMemory.Alloc((nuint)bytes);
        RandomStream random = RandomStream.Root(seed).Split("weights");
        for (long i = 0; i < bytes; i++) _data[i] = (byte)random.NextUInt64();
        int block = type.BlockBytes();
        for (long at = 0; at < bytes; at += block)
        {
            if (type == TensorType.F32) *(float*)(_data + at) = (float)((random.NextDouble() * 2) - 1);
            else if (type == TensorType.BF16) *(ushort*)(_data + at) = (ushort)(BitConverter.SingleToInt32Bits((float)((random.NextDouble() * 2) - 1)) >> 16);
            else foreach (int offset in Halves(type)) *(Half*)(_data + at + offset) = (Half)((random.NextDouble() - 0.3) * (random.NextDouble() < 0.1 ? 1e-5 : 0.1));
        }
        Matrix = new StoredMatrix(type, _data, rows, columns);
    }

    public StoredMatrix Matrix { get; }

    public void Dispose() => NativeMemory.Free(_data);

    /// <summary>Where the half-precision numbers of a block are.</summary>
    private static int[] Halves(TensorType type) => type switch
    {
        TensorType.Q4_1 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K => [0, 2],
        TensorType.Q2_K => [80, 82],
        TensorType.Q3_K => [108],
        TensorType.Q6_K => [208],
        _ => [0],
    };
}
